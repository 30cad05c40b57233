/// The head of a response, held to the strictness of `RequestHead`.
///
/// Scratch that a worker owns and every parse overwrites. All ranges are offsets into the bytes given to `parse` and
/// mean something only after it answered `.complete`, until those bytes change.
package struct ResponseHead: ~Copyable {
    /// 100...599.
    package private(set) var status = 0
    /// The reason phrase, possibly empty.
    package private(set) var reason = ByteRange.empty
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    package private(set) var minorVersion = 1
    package private(set) var fields = FieldTable()
    package private(set) var framing = BodyFraming.none
    /// The server would take another request on the connection.
    package private(set) var keepAlive = false

    package init() {}

    /// A 1xx response that another one follows. 101 is final: what follows is not HTTP.
    package var isInterim: Bool { status < 200 && !isSwitchingProtocols }
    package var isSwitchingProtocols: Bool { status == 101 }

    /// True when a 101 says that WebSocket comes next, and nothing else (RFC 6455 section 4.1).
    package func switchesToWebSocket(in bytes: Span<UInt8>) -> Bool {
        guard isSwitchingProtocols, minorVersion > 0, case .one(let protocolName) = upgrade else { return false }
        return bytes.slice(protocolName).equalsIgnoringCase("websocket")
            && fields.lists("upgrade", in: .connection, of: bytes)
    }

    /// The `Upgrade` field.
    package var upgrade: Occurrence { fields.occurrence(of: .upgrade) }

    /// Parses the head that `bytes` begin with: the response to a request with `requestMethod`.
    ///
    /// After `.incomplete`, call again with the same bytes and more behind them, and the same `progress`, which belongs
    /// to the connection; this head may have parsed others in between. `HeadLimits.targetBytes` is of no account.
    package mutating func parse(
        _ bytes: Span<UInt8>, limits: HeadLimits, requestMethod: Method, progress: inout HeadProgress
    ) throws(HeadError) -> ParseResult {
        let window = bytes.extracting(first: min(bytes.count, limits.headBytes))
        var current = progress
        // Whatever happens, unless more is needed: the next call is about another head.
        progress = HeadProgress()
        let isResumed = current.hasBegun
        guard let end = try scan(window, limits: limits, progress: &current) else {
            guard bytes.count < limits.headBytes else { throw .headTooLong }
            progress = current
            return .incomplete
        }
        if isResumed {
            // The lines before this piece have been checked, but what was noted of them is gone.
            current = HeadProgress()
            _ = try scan(window, limits: limits, progress: &current)
        }
        try judge(window, requestMethod: requestMethod)
        return .complete(end)
    }

    private mutating func scan(
        _ bytes: Span<UInt8>, limits: HeadLimits, progress: inout HeadProgress
    ) throws(HeadError) -> Int? {
        if progress.stage != .fields {
            guard let end = try HeadLine.end(in: bytes, from: &progress.scanned) else { return nil }
            try parseStatusLine(bytes.extracting(first: end))
            progress.startLine(at: end + 2)
            progress.stage = .fields
        }
        return try fields.parse(bytes, limit: limits.fields, progress: &progress)
    }

    /// RFC 9112 section 4, laxer in one thing: the space before an empty reason phrase may be missing, as some servers
    /// leave it out and nobody can read anything else into it.
    private mutating func parseStatusLine(_ line: Span<UInt8>) throws(HeadError) {
        guard line.count >= 12, line[8] == ASCII.space else { throw .malformedStatusLine }
        guard let minor = try HeadLine.minorVersion(line.extracting(first: 8)) else { throw .malformedStatusLine }
        guard let code = FieldValue.decimal(line.extracting(9..<12)), 100...599 ~= code else {
            throw .malformedStatusLine
        }
        guard line.count == 12 || line[12] == ASCII.space else { throw .malformedStatusLine }
        minorVersion = minor
        status = Int(code)
        reason = ByteRange(min(13, line.count), line.count)
    }

    private mutating func judge(_ bytes: Span<UInt8>, requestMethod: Method) throws(HeadError) {
        let declared = try fields.declaredFraming(in: bytes, minorVersion: minorVersion)
        keepAlive = fields.connectionPersists(in: bytes, minorVersion: minorVersion)
        if status < 200 || status == 204 {
            framing = .none
            // Such a response must not announce a body (RFC 9110 section 8.6, RFC 9112 section 6.1). If it does, what
            // comes next on the connection is not to be trusted.
            if let declared, declared != .length(0) { keepAlive = false }
        } else if status == 304 || requestMethod == .head {
            // What is declared is the body that a GET would have got.
            framing = .none
        } else {
            framing = declared ?? .untilClose
        }
        if framing == .untilClose { keepAlive = false }
    }
}
