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
    /// When the last byte of the head had come, and of the body if there is one.
    var headCame = Instant.never
    var bodyCame = Instant.never
    /// When the application agreed to another protocol; never for what is an ordinary exchange.
    var tunnelBegan = Instant.never
    /// How long it waited for keys and for a connection to the application; nil where it did not have to.
    var keyWait: Interval?
    var connectionWait: Interval?
    /// What the proxy itself has taken so far: the turns of the loop in which something was done for this request, each
    /// from its beginning.
    private(set) var ownTime = Interval(nanoseconds: 0)
    private var countedUntil = Instant(nanoseconds: 0)
    var interimResponses = 0
    var trace: TraceContext?
    /// The route that the request was judged by.
    var route: Int?
    /// What the caller is answered, and what the application has answered (0: nothing).
    var status = 0
    var upstreamStatus = 0
    /// Why the proxy answered itself, or broke off.
    var reason: StaticString?
    /// More about an upstream failure.
    var detail: String?
    /// What would have been refused were the route enforced.
    var observed: Refusal?
    var refusal: Refusal?
    var caller: AuthenticatedCaller?
    /// Bytes of the bodies, without framing; of a tunnel, all that went either way.
    var requestBytes: UInt64 = 0
    var responseBytes: UInt64 = 0

    /// The status of a request whose caller went before there was an answer; nginx made this number known.
    static let callerGone = 499

    init(pathBytesMax: Int) { path = ByteBuffer(capacity: pathBytesMax) }

    /// What is known of an outgoing call that is not sent on.
    func note(_ refusal: OutgoingRefusal) {
        route = refusal.target
        if case .noToken(_, let failure) = refusal { detail = failure.message }
    }

    func note(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) {
        methodKind = head.method
        minorVersion = head.minorVersion
        method.replace(with: bytes.slice(head.methodRange))
        path.replace(with: bytes.slice(head.path))
    }

    /// Counts what has been done between the beginning of a turn and `now`. A request that was sent in that turn counts
    /// as sent now: what came before was our work, not the application's.
    func countWork(inTurnOf turn: Instant, until now: Instant) {
        ownTime.nanoseconds += now.since(max(turn, countedUntil)).nanoseconds
        countedUntil = now
        if sentUpstream == turn, upstreamAnswered == .never { sentUpstream = now }
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
        headCame = .never
        bodyCame = .never
        tunnelBegan = .never
        keyWait = nil
        connectionWait = nil
        ownTime = Interval(nanoseconds: 0)
        countedUntil = Instant(nanoseconds: 0)
        interimResponses = 0
        trace = nil
        route = nil
        status = 0
        upstreamStatus = 0
        reason = nil
        detail = nil
        observed = nil
        refusal = nil
        caller = nil
        requestBytes = 0
        responseBytes = 0
    }
}
