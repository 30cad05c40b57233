/// The head of a request (RFC 9112 sections 2 to 6), strictly: what could be read in two ways is refused.
///
/// Scratch that a worker owns and every parse overwrites. All ranges are offsets into the bytes given to `parse` and
/// mean something only after it answered `.complete`, until those bytes change.
package struct RequestHead: ~Copyable {
    package enum Form: Sendable, Equatable {
        /// A path and perhaps a query.
        case origin
        /// A whole URI, whose authority equals `host`.
        case absolute
    }

    package private(set) var method = Method.other
    package private(set) var methodRange = ByteRange.empty
    /// The request target as it was sent: visible ASCII without `#`.
    package private(set) var target = ByteRange.empty
    package private(set) var form = Form.origin
    /// The path in the target: begins with a slash.
    package private(set) var path = ByteRange.empty
    /// The query in the target, without its question mark; nil when there is none.
    package private(set) var query: ByteRange?
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    package private(set) var minorVersion = 1
    package private(set) var fields = FieldTable()
    package private(set) var framing = BodyFraming.none
    /// The caller would use the connection for another request (RFC 9112 section 9.3).
    package private(set) var keepAlive = false
    /// The caller may wait for `100 Continue` before it sends the body (RFC 9110 section 10.1.1).
    package private(set) var expectsContinue = false
    /// The host and perhaps port that were asked for; empty only when an HTTP/1.0 request names none.
    package private(set) var host = ByteRange.empty

    package init() {}

    /// The `Authorization` field.
    package var authorization: Occurrence { fields.occurrence(of: .authorization) }

    /// The `Upgrade` field. It asks for something only when `Connection` lists `upgrade` too.
    package var upgrade: Occurrence { fields.occurrence(of: .upgrade) }

    /// True when the request opens a WebSocket connection (RFC 6455 section 4.1): GET by HTTP/1.1, without a body, with
    /// `websocket` among the protocols of `Upgrade`, and `upgrade` in `Connection`. Anything else that asks for another
    /// protocol is an ordinary request, since every server may ignore that wish (RFC 9110 section 7.8).
    package func asksForWebSocket(in bytes: Span<UInt8>) -> Bool {
        guard fields.contains(.upgrade) else { return false }
        return method == .get && minorVersion > 0 && framing.isEmpty
            && fields.lists("websocket", in: .upgrade, of: bytes) && fields.lists("upgrade", in: .connection, of: bytes)
    }

    /// Parses the head that `bytes` begin with.
    ///
    /// After `.incomplete`, call again with the same bytes and more behind them, and the same `progress`, which belongs
    /// to the connection; this head may have parsed others in between. One empty line before the head is skipped (RFC
    /// 9112 section 2.2) and counts as part of it.
    package mutating func parse(
        _ bytes: Span<UInt8>, limits: HeadLimits, progress: inout HeadProgress
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
        try judge(window)
        return .complete(end)
    }

    // MARK: - Grammar: one element after the other, each resumable

    /// Looks at what is new in `bytes`, and answers where the head ends once it does.
    private mutating func scan(
        _ bytes: Span<UInt8>, limits: HeadLimits, progress: inout HeadProgress
    ) throws(HeadError) -> Int? {
        if progress.stage == .emptyLine { try scanEmptyLine(bytes, &progress) }
        if progress.stage == .method { try scanMethod(bytes, &progress) }
        if progress.stage == .target { try scanTarget(bytes, limits.targetBytes, &progress) }
        if progress.stage == .version { try scanVersion(bytes, &progress) }
        guard progress.stage == .fields else { return nil }
        return try fields.parse(bytes, limit: limits.fields, progress: &progress)
    }

    private func scanEmptyLine(_ bytes: Span<UInt8>, _ progress: inout HeadProgress) throws(HeadError) {
        guard !bytes.isEmpty else { return }
        if bytes[0] == ASCII.carriageReturn {
            guard try HeadLine.end(in: bytes, from: &progress.scanned) != nil else { return }
            progress.startLine(at: 2)
        }
        progress.stage = .method
    }

    private mutating func scanMethod(_ bytes: Span<UInt8>, _ progress: inout HeadProgress) throws(HeadError) {
        let start = progress.lineStart
        var index = progress.scanned
        while index < bytes.count, ASCII.isTokenCharacter(bytes[index]) { index += 1 }
        progress.scanned = index
        guard index - start <= RequestHead.methodBytesMax else { throw .methodTooLong }
        guard index < bytes.count else { return }
        guard bytes[index] == ASCII.space, index > start else { throw .invalidMethod }
        methodRange = ByteRange(start, index)
        progress.startLine(at: index + 1)
        progress.stage = .target
    }

    /// More than any method in use; a longer one is none that we implement (RFC 9112 section 3).
    static let methodBytesMax = 64

    private mutating func scanTarget(
        _ bytes: Span<UInt8>, _ limit: Int, _ progress: inout HeadProgress
    ) throws(HeadError) {
        let start = progress.lineStart
        let window = min(bytes.count, start + limit + 1)
        var index = progress.scanned
        while index < window, RequestHead.isTargetCharacter(bytes[index]) { index += 1 }
        progress.scanned = index
        guard index - start <= limit else { throw .targetTooLong }
        guard index < bytes.count else { return }
        guard bytes[index] == ASCII.space, index > start else { throw .invalidTarget }
        target = ByteRange(start, index)
        progress.startLine(at: index + 1)
        progress.stage = .version
    }

    /// Visible ASCII. More than a URI may hold, since real clients send braces, pipes and quotes; but never the
    /// fragment, which is not for servers, so that they differ on it.
    private static func isTargetCharacter(_ byte: UInt8) -> Bool {
        byte > ASCII.space && byte < ASCII.delete && byte != ASCII.hash
    }

    private mutating func scanVersion(_ bytes: Span<UInt8>, _ progress: inout HeadProgress) throws(HeadError) {
        guard let end = try HeadLine.end(in: bytes, from: &progress.scanned) else { return }
        guard let minor = try HeadLine.minorVersion(bytes.extracting(progress.lineStart..<end)) else {
            throw .malformedVersion
        }
        minorVersion = minor
        progress.startLine(at: end + 2)
        progress.stage = .fields
    }

    // MARK: - Meaning: what the lines say together

    private mutating func judge(_ bytes: Span<UInt8>) throws(HeadError) {
        method = Method(bytes.slice(methodRange))
        if method == .connect { throw .connectMethod }
        if method == .trace { throw .traceMethod }
        let parts = try RequestTarget(target, in: bytes)
        form = parts.form
        path = parts.path
        query = parts.query
        host = try requestedHost(authority: parts.authority, in: bytes)
        framing = try fields.declaredFraming(in: bytes, minorVersion: minorVersion) ?? .none
        keepAlive = fields.connectionPersists(in: bytes, minorVersion: minorVersion)
        expectsContinue = try hasContinueExpectation(in: bytes)
    }

    /// RFC 9112 section 3.2 and 3.2.2, stricter: an authority in the target has to be that of `Host`, because an
    /// application may look at either.
    private func requestedHost(authority: ByteRange?, in bytes: Span<UInt8>) throws(HeadError) -> ByteRange {
        switch fields.occurrence(of: .host) {
        case .several: throw .repeatedHost
        case .none:
            guard minorVersion == 0 else { throw .missingHost }
            guard let authority else { return .empty }
            guard Authority.isValid(bytes.slice(authority)) else { throw .invalidHost }
            return authority
        case .one(let host):
            guard Authority.isValid(bytes.slice(host)) else { throw .invalidHost }
            if let authority, !bytes.slice(authority).equalsIgnoringCase(bytes.slice(host)) { throw .hostMismatch }
            return host
        }
    }

    private func hasContinueExpectation(in bytes: Span<UInt8>) throws(HeadError) -> Bool {
        // A server ignores what an HTTP/1.0 request expects: RFC 9110 section 10.1.1.
        guard minorVersion > 0 else { return false }
        switch fields.occurrence(of: .expect) {
        case .none: return false
        case .one(let value) where bytes.slice(value).equalsIgnoringCase("100-continue"): return true
        case .one, .several: throw .unsupportedExpectation
        }
    }
}
