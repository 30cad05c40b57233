import ProxyCore

/// Response heads: the same however they are cut, and the body's end is what RFC 9112 section 6.3 says.
final class ResponseHeadTarget: FuzzTarget {
    private let parser = ResponseParser()

    func run(_ input: Span<UInt8>) {
        var random = choices(for: input)
        let limits = headLimits(&random)
        parser.requestMethod = [.get, .head, .post, .other][random.next(upTo: 4)]
        switch parser.agreed(input, limits: limits, &random) {
        case .incomplete: break
        case .refused(let error):
            let more = input.copied() + random.bytes(3)
            require(parser.whole(more.span, limits: limits) == .refused(error), "a refusal stands, whatever follows")
        case .complete(let end, let summary): check(summary, input.extracting(first: end).copied(), limits)
        }
    }

    private func check(_ head: ResponseParser.Summary, _ bytes: [UInt8], _ limits: HeadLimits) {
        let plain = PlainHead(bytes)
        let start = String(decoding: plain.startLine.prefix(12), as: UTF8.self)
        require(start == "HTTP/1.\(head.minorVersion) \(head.status)" && head.minorVersion <= 1, "version and status")
        require(100...599 ~= head.status, "a status has three digits")
        require(plain.startLine.dropFirst(13).elementsEqual(bytes.text(head.reason)), "the reason is the rest")
        require(plain.fields.count == head.fields.count && head.fields.count <= limits.fields, "every field is known")
        for (field, same) in zip(head.fields, plain.fields) {
            require(bytes.text(field.name) == same.name && bytes.text(field.value) == same.value, "a field's range")
        }
        let hasNoBody = head.status < 200 || [204, 304].contains(head.status) || parser.requestMethod == .head
        require(head.framing == (hasNoBody ? .none : plain.framing ?? .untilClose), "the end of the body")
        require(head.framing != .untilClose || !head.keepAlive, "no response behind one that ends with the connection")
        let mayAnnounce = head.status >= 200 && head.status != 204
        let announces = plain.framing != nil && plain.framing != .length(0)
        require(mayAnnounce || !announces || !head.keepAlive, "a body that must not be there is not skipped")
        require(head.isInterim == (head.status < 200 && head.status != 101), "interim responses")
    }
}

/// `ResponseHead`, with its answers in one value.
final class ResponseParser: HeadParsing {
    struct Summary: Equatable {
        let status: Int
        let reason: ByteRange
        let minorVersion: Int
        let fields: [Field]
        let framing: BodyFraming
        let keepAlive: Bool
        let isInterim: Bool
    }

    var requestMethod = Method.get
    private var head = ResponseHead()
    private let other = Array("HTTP/1.0 404 Not Found\r\nA: b\r\nConnection: close\r\nContent-Length: 3\r\n\r\n".utf8)

    func parse(
        _ bytes: Span<UInt8>, limits: HeadLimits, progress: inout HeadProgress
    ) throws(HeadError) -> (end: Int, summary: Summary)? {
        switch try head.parse(bytes, limits: limits, requestMethod: requestMethod, progress: &progress) {
        case .incomplete: return nil
        case .complete(let end):
            let fields = (0..<head.fields.count).map { head.fields[$0] }
            let summary = Summary(
                status: head.status, reason: head.reason, minorVersion: head.minorVersion, fields: fields,
                framing: head.framing, keepAlive: head.keepAlive, isInterim: head.isInterim)
            return (end, summary)
        }
    }

    func disturb() {
        var progress = HeadProgress()
        let other = other
        _ = outcome(other.span, limits: HeadLimits(), progress: &progress)
    }
}
