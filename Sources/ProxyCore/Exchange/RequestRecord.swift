/// What the log line of one request will say. Taken from a worker's stock when a request begins and given back at its
/// end, so that its storage is used again and idle connections hold none.
final class RequestRecord {
    /// The request identifier.
    let id = ByteBuffer(capacity: RequestIDGenerator.keptBytesMax)
    /// The method and the path (never the query, which may hold secrets) as they came.
    let method = ByteBuffer(capacity: RequestHead.methodBytesMax)
    let path: ByteBuffer
    private(set) var methodKind = Method.other
    private(set) var minorVersion = 1
    /// When the first byte of the request was read.
    var started = Instant.never
    /// When the request was sent to the application, and when its response began.
    var sentUpstream = Instant.never
    var upstreamAnswered = Instant.never
    var interimResponses = 0
    /// The route that the request was judged by.
    var route: Int?
    var status = 0
    /// Why the proxy answered itself, or broke off.
    var reason: StaticString?
    /// More about an upstream failure.
    var detail: String?
    /// What would have been refused were the route enforced.
    var observed: Refusal?
    var refusal: Refusal?
    var caller: AuthenticatedCaller?
    /// Bytes of the bodies, without framing.
    var requestBytes: UInt64 = 0
    var responseBytes: UInt64 = 0

    /// The status of a request whose caller went before there was an answer; nginx made this number known.
    static let callerGone = 499

    init(pathBytesMax: Int) { path = ByteBuffer(capacity: pathBytesMax) }

    func note(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) {
        methodKind = head.method
        minorVersion = head.minorVersion
        method.replace(with: bytes.slice(head.methodRange))
        path.replace(with: bytes.slice(head.path))
    }

    func reset() {
        id.removeAll()
        method.removeAll()
        path.removeAll()
        methodKind = .other
        minorVersion = 1
        started = .never
        sentUpstream = .never
        upstreamAnswered = .never
        interimResponses = 0
        route = nil
        status = 0
        reason = nil
        detail = nil
        observed = nil
        refusal = nil
        caller = nil
        requestBytes = 0
        responseBytes = 0
    }
}
