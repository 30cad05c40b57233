import ProxyCore

/// What a caller has sent, as a row of requests, up to the first that is malformed.
struct CallerStream {
    struct Request {
        let method: Method
        /// Method, path and query.
        let target: [UInt8]
        let framing: BodyFraming
        /// nil when it is malformed.
        let body: MessageBody?
    }

    private(set) var requests: [Request] = []
    /// What behind them is no head seems to be: the answer to it has a body, unless it looks like HEAD.
    private(set) var unreadMethod = Method.get

    init(_ bytes: [UInt8]) {
        var rest = bytes[...]
        var head = RequestHead()
        while !rest.isEmpty {
            let window = Array(rest)
            var progress = HeadProgress()
            guard case .complete(let end)? = try? head.parse(window.span, limits: HeadLimits(), progress: &progress)
            else {
                if window.starts(with: Array("HEAD ".utf8)) { unreadMethod = .head }
                return
            }
            let body = MessageBody(head.framing, Array(window[end...]))
            requests.append(
                Request(
                    method: head.method, target: Self.target(head, window), framing: head.framing, body: body))
            guard let body, body.isWhole else { return }
            rest = window[(end + body.end)...]
        }
    }

    /// Requests of which every byte has come.
    var wholeRequests: Int { requests.count { $0.body?.isWhole ?? false } }

    static func target(_ head: borrowing RequestHead, _ bytes: [UInt8]) -> [UInt8] {
        let query = head.query.map { [ASCII.question] + bytes.text($0) } ?? []
        return bytes.text(head.methodRange) + [ASCII.space] + bytes.text(head.path) + query
    }
}

/// What has come back to a caller, as a row of responses.
struct AnswerStream {
    struct Final {
        /// Which of the upstream's answers it is; nil for the proxy's own.
        let number: Int?
        let closes: Bool
    }

    private(set) var finals: [Final] = []
    /// What came is not a row of whole responses.
    private(set) var isBroken = false

    init(_ bytes: [UInt8], to asked: CallerStream) {
        isBroken = !read(bytes, asked.requests.map(\.method), asked.unreadMethod)
    }

    /// False when something is malformed or missing.
    private mutating func read(_ bytes: [UInt8], _ methods: [Method], _ unreadMethod: Method) -> Bool {
        var rest = bytes[...]
        var head = ResponseHead()
        while !rest.isEmpty {
            let window = Array(rest)
            var progress = HeadProgress()
            let method = finals.count < methods.count ? methods[finals.count] : unreadMethod
            let parsed = try? head.parse(
                window.span, limits: HeadLimits(headBytes: 65_535, fields: 256), requestMethod: method,
                progress: &progress)
            guard case .complete(let end)? = parsed else { return false }
            rest = window[end...]
            if head.isInterim { continue }
            // What follows is another protocol's.
            if head.isSwitchingProtocols {
                finals.append(Final(number: nil, closes: true))
                return true
            }
            let number = PlainHead(Array(window[..<end])).values(of: "x-number").first
            finals.append(
                Final(number: number.flatMap { Int(String(decoding: $0, as: UTF8.self)) }, closes: !head.keepAlive))
            guard let body = MessageBody(head.framing, Array(rest)) else { return false }
            guard body.isWhole || head.framing == .untilClose else { return false }
            rest = rest.dropFirst(body.end)
        }
        return true
    }
}

/// One message's body at the beginning of some bytes.
struct MessageBody {
    /// The bytes that it takes, as far as they have come.
    private(set) var end = 0
    private(set) var isWhole = false
    private(set) var data: [UInt8] = []
    /// Names of trailer fields, as sent.
    private(set) var trailers: [[UInt8]] = []

    /// nil when it is malformed.
    init?(_ framing: BodyFraming, _ bytes: [UInt8]) {
        var reader = BodyReader(framing, limits: HeadLimits(headBytes: 65_535, fields: 256))
        while true {
            guard let step = try? reader.next(bytes.span.extracting(end..<bytes.count)) else { return nil }
            switch step {
            case .needMore(let count):
                end += count
                return
            case .data(let range, let count):
                data += bytes[end...].dropFirst(Int(range.lower)).prefix(range.count)
                end += count
            case .end(let count, let section):
                isWhole = true
                if let section { trailers = Self.names(in: Array(bytes[end...].prefix(Int(section.upper))), section) }
                end += count
                return
            }
        }
    }

    private static func names(in bytes: [UInt8], _ section: ByteRange) -> [[UInt8]] {
        bytes[section.range].split(separator: ASCII.lineFeed).compactMap { line in
            line.contains(ASCII.colon) ? Array(line.prefix { $0 != ASCII.colon }) : nil
        }
    }
}
