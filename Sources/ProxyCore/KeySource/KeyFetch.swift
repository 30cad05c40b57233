/// Fetches a key set over HTTP/1.1: one request on a connection of its own, for a thread that may wait.
package struct KeyFetch: Sendable {
    /// What a server gave as its key set: bytes that nobody has looked at yet.
    package struct Document: Sendable, Equatable {
        package let bytes: [UInt8]
        package let freshness: Freshness
    }

    private let location: KeyLocation
    private let timeout: Interval
    private let userAgent: String

    private static let redirectsMax = 5
    private static let interimResponsesMax = 8
    private static let limits = HeadLimits()

    /// `timeout` bounds all of a fetch, from the look-up of the name to the last byte, redirects included.
    package init(_ location: KeyLocation, timeout: Interval, userAgent: String) {
        self.location = location
        self.timeout = timeout
        self.userAgent = userAgent
    }

    /// Waits no longer than the timeout and `patience` allow.
    package func run(_ patience: Patience) throws(KeyFetchFailure) -> Document {
        let patience = patience.atMost(timeout)
        var current = location
        for _ in 0...Self.redirectsMax {
            switch try ask(current, patience) {
            case .document(let document): return document
            case .redirect(let reference): current = try follow(reference, from: current)
            }
        }
        throw .tooManyRedirects
    }

    private enum Answer {
        case document(Document)
        case redirect(String)
    }

    private func ask(_ location: KeyLocation, _ patience: Patience) throws(KeyFetchFailure) -> Answer {
        let transport = try KeyTransport.connect(to: location, patience)
        let buffer = ByteBuffer(capacity: 65_536)
        writeRequest(for: location, to: buffer)
        try transport.send(from: buffer, patience)
        let head = try readHead(transport, buffer, patience)
        if [301, 302, 303, 307, 308].contains(head.status) {
            guard let reference = head.location else { throw .redirectWithoutTarget }
            return .redirect(reference)
        }
        guard head.status == 200 else { throw .status(head.status) }
        guard !head.isEncoded else { throw .contentEncoding }
        let bytes = try readBody(head.framing, transport, buffer, patience)
        return .document(Document(bytes: bytes, freshness: head.freshness))
    }

    /// Only the same server may say where its keys are: whoever can make it redirect must not be able to replace them
    /// by others, nor have us call on strangers.
    private func follow(_ reference: String, from location: KeyLocation) throws(KeyFetchFailure) -> KeyLocation {
        guard let target = try? location.resolving(reference), target.isSameServer(as: self.location) else {
            throw .redirectElsewhere
        }
        return target
    }

    private func writeRequest(for location: KeyLocation, to buffer: ByteBuffer) {
        let request: [UInt8] = Array(
            """
            GET \(location.target) HTTP/1.1\r
            Host: \(location.authority)\r
            Accept: application/jwk-set+json, application/json\r
            Accept-Encoding: identity\r
            User-Agent: \(userAgent)\r
            Connection: close\r
            \r\n
            """.utf8)
        buffer.append(request.span)
    }

    private func readHead(
        _ transport: borrowing KeyTransport, _ buffer: ByteBuffer, _ patience: Patience
    ) throws(KeyFetchFailure) -> KeyResponseHead {
        var parsed = ResponseHead()
        var progress = HeadProgress()
        var interimResponses = 0
        while true {
            let result = try parse(buffer, &parsed, &progress)
            guard case .complete(let count) = result else {
                guard try transport.receive(into: buffer, patience) else { throw .closedEarly }
                continue
            }
            let bytes = buffer.readable
            let head = KeyResponseHead(parsed, in: bytes)
            buffer.consume(count)
            if !parsed.isInterim { return head }
            interimResponses += 1
            guard interimResponses <= Self.interimResponsesMax else { throw .status(head.status) }
        }
    }

    private func parse(
        _ buffer: ByteBuffer, _ head: inout ResponseHead, _ progress: inout HeadProgress
    ) throws(KeyFetchFailure) -> ParseResult {
        let bytes = buffer.readable
        do throws(HeadError) {
            return try head.parse(bytes, limits: Self.limits, requestMethod: .get, progress: &progress)
        } catch {
            throw .badHead(error)
        }
    }

    private func readBody(
        _ framing: BodyFraming, _ transport: borrowing KeyTransport, _ buffer: ByteBuffer, _ patience: Patience
    ) throws(KeyFetchFailure) -> [UInt8] {
        if case .length(let count) = framing, count > UInt64(KeySet.bytesMax) { throw .tooLarge }
        var reader = BodyReader(framing, limits: Self.limits)
        var document: [UInt8] = []
        while try take(from: buffer, &reader, into: &document) {
            guard document.count <= KeySet.bytesMax else { throw .tooLarge }
            if try transport.receive(into: buffer, patience) { continue }
            do throws(BodyError) { try reader.endOfStream() } catch { throw .closedEarly }
            return document
        }
        guard document.count <= KeySet.bytesMax else { throw .tooLarge }
        return document
    }

    /// Moves what is in `buffer` to `document`. False when the body has ended.
    private func take(
        from buffer: ByteBuffer, _ reader: inout BodyReader, into document: inout [UInt8]
    ) throws(KeyFetchFailure) -> Bool {
        while true {
            let bytes = buffer.readable
            let step: BodyStep
            do throws(BodyError) { step = try reader.next(bytes) } catch { throw .badBody(error) }
            switch step {
            case .needMore(let consumed):
                buffer.consume(consumed)
                return true
            case .data(let range, let consumed):
                document.append(contentsOf: bytes.slice(range).copied())
                buffer.consume(consumed)
            case .end:
                return false
            }
        }
    }
}

/// What matters of a response's head, freed from the buffer that it came in.
private struct KeyResponseHead {
    let status: Int
    let framing: BodyFraming
    private(set) var freshness = Freshness.unstated
    private(set) var location: String?
    private(set) var isEncoded = false

    init(_ head: borrowing ResponseHead, in bytes: Span<UInt8>) {
        status = head.status
        framing = head.framing
        var reader = FreshnessReader()
        for index in 0..<head.fields.count {
            let field = head.fields[index]
            let value = bytes.slice(field.value)
            if field.id == .cacheControl { reader.read(cacheControl: value) }
            if field.id == .age { reader.read(age: value) }
            if bytes.slice(field.name).equalsIgnoringCase("content-encoding") {
                isEncoded = isEncoded || !value.equalsIgnoringCase("identity")
            }
        }
        freshness = reader.freshness
        if case .one(let value) = head.fields.occurrence(of: .location) { location = bytes.slice(value).text }
    }
}
