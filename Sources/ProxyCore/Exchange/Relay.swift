/// What one request and its response need while they are under way, beyond what their connection keeps: the
/// application's end, how far the two bodies have got, the bounds of the route, and what the log will say.
///
/// Taken from the worker's stock when a request begins to come and given back when it has been answered, so that idle
/// connections hold none and a request allocates none. Between requests a connection refers to the worker's idle one,
/// which never has anything under way.
final class Relay {
    /// By what the request is judged and carried out: the newest there were when it was judged. Of the idle one, the
    /// newest there are.
    private(set) var rules: ExchangeRules
    let leg: UpstreamLeg
    let record: RequestRecord
    var requestReader: BodyReader
    var requestWriter = BodyWriter(.none)
    var responseReader: BodyReader
    var responseWriter = BodyWriter(.none)
    /// Whether the upstream means to keep its connection.
    var upstreamPersists = false
    /// The most bytes that this request's body may have.
    var bodyBytesMax: UInt64?
    /// Until when the caller has to have sent more of the body. Each byte puts that off.
    var bodyDue = Instant.never
    var firstByteTimeout: Interval?
    var idleTimeout: Interval?
    var keyWait: Interval?
    /// How long a tunnel may be silent.
    var tunnelIdle: Interval?
    /// When what the token has permitted has to end, if it is still under way: `exp` and the clock skew. nil: never.
    var tokenEnd: UnixTime?
    /// When to look at the time of day for that.
    var tokenCheck = Instant.never
    /// Of an outgoing call, where it goes and with which token.
    var outgoing: OutgoingCall?
    /// When the wait for a connection or for keys began. Bytes of the caller that move meanwhile do not prolong it.
    var waitStarted = Instant.never

    init(buffers: BufferPool, rules: ExchangeRules) {
        self.rules = rules
        leg = UpstreamLeg(pool: buffers)
        record = RequestRecord(pathBytesMax: rules.headLimits.targetBytes)
        requestReader = BodyReader(.none, limits: rules.headLimits)
        responseReader = BodyReader(.none, limits: rules.headLimits)
    }

    /// Goes over to newer rules, for the idle one: a request under way has those that judged it.
    func adopt(_ rules: ExchangeRules) { self.rules = rules }

    /// Makes it ready for another request. The leg has been emptied when its part was done.
    func reset() {
        precondition(leg.isAtRest, "the application's end of the last request is still in use")
        record.reset()
        upstreamPersists = false
        bodyBytesMax = nil
        bodyDue = .never
        firstByteTimeout = nil
        idleTimeout = nil
        keyWait = nil
        tunnelIdle = nil
        tokenEnd = nil
        tokenCheck = .never
        outgoing = nil
        waitStarted = .never
    }
}
