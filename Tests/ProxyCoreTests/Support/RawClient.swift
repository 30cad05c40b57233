import ProxyCore
import XCTest

/// A caller of the proxy that speaks to the byte. Each wait takes 20 seconds at most and then fails the test, with what
/// had come by then.
final class RawClient {
    let connection: RawConnection
    private let never: WakeUp

    struct Failed: Error {}

    init(_ address: SocketAddress) throws {
        never = try WakeUp()
        connection = RawConnection(try Socket.connect(to: address), cancel: never, waitMax: .seconds(20))
    }

    /// Sends all of it, in one write if the system takes it so.
    func send(_ text: String, file: StaticString = #filePath, line: UInt = #line) throws {
        try send(Array(text.utf8), file: file, line: line)
    }

    func send(_ bytes: [UInt8], file: StaticString = #filePath, line: UInt = #line) throws {
        try bounded("send \(bytes.count) bytes", file, line) { try connection.send(bytes) }
    }

    /// Sends each piece in a write of its own.
    func send(pieces: [[UInt8]], file: StaticString = #filePath, line: UInt = #line) throws {
        for piece in pieces { try send(piece, file: file, line: line) }
    }

    /// Reads one response, and before it the interim ones that came.
    ///
    /// - Parameter method: of the request, as the response to HEAD has no body.
    func response(
        to method: String = "GET", file: StaticString = #filePath, line: UInt = #line
    ) throws -> RawResponse {
        try bounded("response", file, line) {
            var interim: [String] = []
            while true {
                var response = try nextHead()
                if (100...199).contains(response.status), response.status != 101 {
                    interim.append(response.head)
                    continue
                }
                response.interim = interim
                try readBody(of: &response, method)
                return response
            }
        }
    }

    /// Reads one head and leaves what follows it, interim responses included.
    func responseHead(file: StaticString = #filePath, line: UInt = #line) throws -> RawResponse {
        try bounded("head", file, line) { try nextHead() }
    }

    /// Reads exactly so many bytes.
    func read(_ count: Int, file: StaticString = #filePath, line: UInt = #line) throws -> [UInt8] {
        try bounded("\(count) bytes", file, line) { try connection.read(count) }
    }

    /// Reads until the proxy closes or resets the connection.
    func readToEnd(
        file: StaticString = #filePath, line: UInt = #line
    ) throws -> (text: String, end: RawConnection.End) {
        try bounded("end", file, line) {
            let (bytes, end) = try connection.readToEnd()
            return (String(decoding: bytes, as: UTF8.self), end)
        }
    }

    /// Fails the test unless the proxy now closes the connection in good order, with nothing more to say.
    func assertClosed(file: StaticString = #filePath, line: UInt = #line) throws {
        let (text, end) = try readToEnd(file: file, line: line)
        XCTAssertEqual(text, "", file: file, line: line)
        XCTAssertEqual(end, .closed, file: file, line: line)
    }

    /// True when the proxy has sent nothing that was not read, nor ended the connection. Does not wait.
    var hasNothing: Bool { connection.isSilent }

    func endSending() { connection.endSending() }

    func close() { connection.close() }

    func reset() { connection.reset() }

    private func nextHead() throws -> RawResponse {
        guard let bytes = try connection.read(through: "\r\n\r\n") else {
            throw RawConnection.Failure.truncated(connection.end ?? .closed)
        }
        return RawResponse(head: String(decoding: bytes.dropLast(2), as: UTF8.self), bytes: bytes)
    }

    private func readBody(of response: inout RawResponse, _ method: String) throws {
        if method == "HEAD" || [101, 204, 304].contains(response.status) { return }
        var body = RawBody()
        if response.field("Transfer-Encoding")?.lowercased() == "chunked" {
            body = try connection.readChunked()
        } else if let length = response.field("Content-Length").flatMap({ Int($0) }) {
            body.data = try connection.read(length)
            body.bytes = body.data
        } else {
            let (bytes, end) = try connection.readToEnd()
            guard end == .closed else { throw RawConnection.Failure.truncated(end) }
            body.data = bytes
            body.bytes = bytes
        }
        response.body = body.data
        response.chunks = body.chunks
        response.trailers = body.trailers
        response.bytes += body.bytes
    }

    private func bounded<Result>(
        _ what: String, _ file: StaticString, _ line: UInt, _ body: () throws -> Result
    ) throws -> Result {
        do {
            return try body()
        } catch {
            let came = String(decoding: connection.pending.prefix(2000), as: UTF8.self)
            XCTFail("no \(what): \(error); left unread: \(came)", file: file, line: line)
            throw Failed()
        }
    }
}
