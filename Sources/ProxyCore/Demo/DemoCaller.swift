/// An answer, as far as the demo looks at it.
struct DemoAnswer {
    let status: Int
    let fields: [(name: String, value: String)]
    let body: [UInt8]

    var statusLine: String { "HTTP/1.1 \(status) \(StatusCode.reason(status))" }
    var text: String { String(decoding: body, as: UTF8.self) }

    /// The values of the fields with that name, which is lower case.
    func values(of name: String) -> [String] { fields.filter { $0.name.lowercased() == name }.map(\.value) }
}

/// Why a request of the demo got no answer.
enum DemoCallError: Error, Equatable {
    case transport(KeyFetchFailure)
    case badHead(HeadError)
    case badBody(BodyError)
    case closedEarly
    case bodyTooLong

    var message: String {
        switch self {
        case .transport(let failure): failure.message
        case .badHead(let error): "the answer is not HTTP: \(error.reason)"
        case .badBody(let error): "the body of the answer is broken: \(error.reason)"
        case .closedEarly: "the connection ended before the answer did"
        case .bodyTooLong: "the answer is longer than any of the demo's"
        }
    }
}

/// The caller of the demo: one request on a connection of its own, for a thread that may wait.
struct DemoCaller {
    /// Whom to believe under https.
    let access: KeyAccess
    /// What is shown to a server that asks for a certificate.
    var identity: TLSIdentity?
    let patience: Patience

    private static let bodyBytesMax = 1 << 20
    private static let limits = HeadLimits()

    func ask(_ server: KeyLocation, _ message: [UInt8], method: Method) throws(DemoCallError) -> DemoAnswer {
        let buffer = ByteBuffer(capacity: 65_536)
        buffer.append(message.span)
        let transport = try send(buffer, to: server)
        var head = ResponseHead()
        let answer = try readHead(&head, transport, buffer, method)
        let body = try readBody(head.framing, transport, buffer)
        transport.sayGoodbye()
        return DemoAnswer(status: answer.status, fields: answer.fields, body: body)
    }

    private func send(_ buffer: ByteBuffer, to server: KeyLocation) throws(DemoCallError) -> KeyTransport {
        do throws(KeyFetchFailure) {
            let transport = try KeyTransport.connect(to: server, access, KeyTrust(access, identity: identity), patience)
            try transport.send(from: buffer, patience)
            return transport
        } catch {
            throw .transport(error)
        }
    }

    private func readHead(
        _ head: inout ResponseHead, _ transport: borrowing KeyTransport, _ buffer: ByteBuffer, _ method: Method
    ) throws(DemoCallError) -> DemoAnswer {
        var progress = HeadProgress()
        while true {
            let bytes = buffer.readable
            let result: ParseResult
            do throws(HeadError) {
                result = try head.parse(bytes, limits: Self.limits, requestMethod: method, progress: &progress)
            } catch {
                throw .badHead(error)
            }
            guard case .complete(let count) = result else {
                try receive(transport, buffer)
                continue
            }
            let answer = Self.answer(head, bytes)
            buffer.consume(count)
            if !head.isInterim { return answer }
        }
    }

    private static func answer(_ head: borrowing ResponseHead, _ bytes: Span<UInt8>) -> DemoAnswer {
        var fields: [(name: String, value: String)] = []
        for index in 0..<head.fields.count {
            let field = head.fields[index]
            fields.append((bytes.slice(field.name).text, bytes.slice(field.value).text))
        }
        return DemoAnswer(status: head.status, fields: fields, body: [])
    }

    private func readBody(
        _ framing: BodyFraming, _ transport: borrowing KeyTransport, _ buffer: ByteBuffer
    ) throws(DemoCallError) -> [UInt8] {
        var reader = BodyReader(framing, limits: Self.limits)
        var body: [UInt8] = []
        while !reader.hasEnded {
            let bytes = buffer.readable
            let step: BodyStep
            do throws(BodyError) { step = try reader.next(bytes) } catch { throw .badBody(error) }
            switch step {
            case .data(let range, let consumed):
                body += bytes.slice(range).copied()
                buffer.consume(consumed)
                guard body.count <= Self.bodyBytesMax else { throw .bodyTooLong }
            case .end(let consumed, _): buffer.consume(consumed)
            case .needMore(let consumed):
                buffer.consume(consumed)
                try receive(transport, buffer)
            }
        }
        return body
    }

    private func receive(_ transport: borrowing KeyTransport, _ buffer: ByteBuffer) throws(DemoCallError) {
        let isOpen: Bool
        do throws(KeyFetchFailure) { isOpen = try transport.receive(into: buffer, patience) } catch {
            throw .transport(error)
        }
        guard isOpen else { throw .closedEarly }
    }
}
