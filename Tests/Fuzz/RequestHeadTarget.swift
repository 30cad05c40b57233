import ProxyCore

/// Request heads: the same however they are cut, and what is accepted says one thing only.
final class RequestHeadTarget: FuzzTarget {
    private let parser = RequestParser()

    func run(_ input: Span<UInt8>) {
        var random = choices(for: input)
        let limits = headLimits(&random)
        switch parser.agreed(input, limits: limits, &random) {
        case .incomplete: break
        case .refused(let error):
            let more = input.copied() + random.bytes(3)
            require(parser.whole(more.span, limits: limits) == .refused(error), "a refusal stands, whatever follows")
        case .complete(let end, let summary): check(summary, input.extracting(first: end).copied(), limits)
        }
    }

    private func check(_ head: RequestParser.Summary, _ bytes: [UInt8], _ limits: HeadLimits) {
        let plain = PlainHead(bytes)
        let parts = plain.startLine.split(separator: ASCII.space, omittingEmptySubsequences: false).map(Array.init)
        require(parts.count == 3, "a method, a target, a version")
        require(parts[0] == bytes.text(head.methodRange) && parts[0].allSatisfy(ASCII.isTokenCharacter), "the method")
        require(parts[0] != Array("CONNECT".utf8) && parts[0] != Array("TRACE".utf8), "neither CONNECT nor TRACE")
        require(parts[2] == Array("HTTP/1.\(head.minorVersion)".utf8) && head.minorVersion <= 1, "the version")
        checkTarget(parts[1], head, bytes, limits)
        require(plain.fields.count == head.fields.count && head.fields.count <= limits.fields, "every field is known")
        for (field, same) in zip(head.fields, plain.fields) {
            require(bytes.text(field.name) == same.name && bytes.text(field.value) == same.value, "a field's range")
        }
        require(head.framing == plain.framing ?? .none, "the framing is what its field says")
        require(head.framing != .chunked || head.minorVersion == 1, "no chunks in HTTP/1.0")
        let hosts = plain.values(of: "host")
        require(hosts.count <= 1 && (hosts.count == 1 || head.minorVersion == 0), "one Host")
        require(hosts.isEmpty || hosts[0] == bytes.text(head.host), "the host is the Host")
        let options = plain.values(of: "connection").joined(separator: [ASCII.comma])
            .split(separator: ASCII.comma).map { PlainHead.lowercased($0.filter { $0 != 0x20 && $0 != 0x09 }) }
        require(!head.keepAlive || !options.contains(Array("close".utf8)), "close closes")
    }

    private func checkTarget(
        _ target: [UInt8], _ head: RequestParser.Summary, _ bytes: [UInt8], _ limits: HeadLimits
    ) {
        require(target == bytes.text(head.target) && target.count <= limits.targetBytes, "the target")
        require(target.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != ASCII.hash }, "a target is visible, without #")
        let path = bytes.text(head.path)
        require(path.first == ASCII.slash && !path.contains(ASCII.question), "a path begins with a slash, ends at ?")
        let query = head.query.map { [ASCII.question] + bytes.text($0) } ?? []
        let before = target.dropLast(path.count + query.count)
        require(Array(before) + path + query == target, "a target is made of its parts")
        if head.form == .origin { return require(before.isEmpty, "nothing before the path") }
        let text = String(decoding: PlainHead.lowercased(Array(before)), as: UTF8.self)
        let host = String(decoding: PlainHead.lowercased(bytes.text(head.host)), as: UTF8.self)
        require(text == "http://\(host)" || text == "https://\(host)", "one authority")
    }
}

/// `RequestHead`, with its answers in one value.
final class RequestParser: HeadParsing {
    struct Summary: Equatable {
        let methodRange: ByteRange
        let target: ByteRange
        let form: RequestHead.Form
        let path: ByteRange
        let query: ByteRange?
        let minorVersion: Int
        let fields: [Field]
        let framing: BodyFraming
        let keepAlive: Bool
        let expectsContinue: Bool
        let host: ByteRange
    }

    private var head = RequestHead()
    private let other = Array("OPTIONS /x?y HTTP/1.0\r\nHost: z\r\nA: b\r\nConnection: close\r\nTE: d\r\n\r\n".utf8)

    func parse(
        _ bytes: Span<UInt8>, limits: HeadLimits, progress: inout HeadProgress
    ) throws(HeadError) -> (end: Int, summary: Summary)? {
        switch try head.parse(bytes, limits: limits, progress: &progress) {
        case .incomplete: return nil
        case .complete(let end):
            let fields = (0..<head.fields.count).map { head.fields[$0] }
            let summary = Summary(
                methodRange: head.methodRange, target: head.target, form: head.form, path: head.path,
                query: head.query, minorVersion: head.minorVersion, fields: fields, framing: head.framing,
                keepAlive: head.keepAlive, expectsContinue: head.expectsContinue, host: head.host)
            return (end, summary)
        }
    }

    func disturb() {
        var progress = HeadProgress()
        let other = other
        _ = outcome(other.span, limits: HeadLimits(), progress: &progress)
    }
}

extension [UInt8] {
    /// The bytes of a range that a parser gave for them.
    func text(_ range: ByteRange) -> [UInt8] { Array(self[range.range]) }
}
