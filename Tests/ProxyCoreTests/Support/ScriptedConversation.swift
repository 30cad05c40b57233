import ProxyCore

/// One connection of a `ScriptedUpstream`, for its script. Belongs to that script's thread.
final class ScriptedConversation {
    /// Counts from 0.
    let number: Int
    let connection: RawConnection
    private let record: ScriptedRecord

    init(_ connection: RawConnection, number: Int, record: ScriptedRecord) {
        self.connection = connection
        self.number = number
        self.record = record
    }

    // MARK: - Reading

    /// The next request with its body; nil when the proxy has ended the connection in between.
    func nextRequest() throws -> RawRequest? {
        guard var request = try nextHead() else { return nil }
        let body = try body(of: request)
        request.body = body.data
        request.chunks = body.chunks
        request.trailers = body.trailers
        request.bytes += body.bytes
        return record.add(request)
    }

    /// The next request's head alone, which is not recorded as a request; nil as above.
    func nextHead() throws -> RawRequest? {
        guard let bytes = try connection.read(through: "\r\n\r\n") else { return nil }
        let head = String(decoding: bytes.dropLast(2), as: UTF8.self)
        return RawRequest(connection: number, head: head, bytes: bytes)
    }

    /// The body that follows `head`.
    func body(of head: RawRequest) throws -> RawBody {
        if head.field("Transfer-Encoding") != nil { return try connection.readChunked() }
        guard let length = head.field("Content-Length").flatMap({ Int($0) }) else { return RawBody() }
        let bytes = try connection.read(length)
        return RawBody(data: bytes, bytes: bytes)
    }

    /// Waits until the proxy ends the connection, for `ScriptedUpstream.end`.
    @discardableResult
    func awaitEnd() throws -> RawConnection.End {
        let end = try connection.readToEnd().end
        record.ends.record((connection: number, end: end))
        return end
    }

    // MARK: - Answering

    func send(_ text: String) throws { try connection.send(text) }

    func send(_ bytes: [UInt8]) throws { try connection.send(bytes) }

    /// A response with a length.
    func answer(_ status: String = "200 OK", body: String = "ok", _ fields: String...) throws {
        let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)"] + fields
        try send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }

    /// Answers every request with 200 and the body `ok`; HEAD without the body.
    func answerEach() throws {
        while let request = try nextRequest() {
            try send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + (request.method == "HEAD" ? "" : "ok"))
        }
    }

    /// Does nothing more until the server stops; the connection stays open.
    func hang() throws { try connection.hang() }

    /// Does nothing for so long.
    func pause(_ interval: Interval) throws { try connection.pause(interval) }

    func reset() { connection.reset() }
}
