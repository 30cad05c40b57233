import Glibc
import ProxyCore

/// A whole connection through the proxy's own driver, on one loop and over real sockets: nothing reaches the upstream
/// that its caller may not send, and each request is answered once and in order.
///
/// Input is cut at 0xFF: in turn what the caller sends and what the upstream does. An upstream that sends none closes
/// its connection. Input that begins with 0xFF has the caller's turns only, and a sound upstream answers. A byte 1 that
/// the caller sends stands for a token with the scope `a`, 2 for one without scopes, 3 for one with a stranger's key.
final class ConnectionTarget: FuzzTarget, EventHandler {
    var timer = DeadlineTimer()
    private let loop: EventLoop
    private let context: ExchangeContext
    private let requestLog: RequestLog
    private let callers: FuzzListener
    private let upstreams: FuzzListener
    private let tokens: [UInt8: [UInt8]]
    private static let turnsMax = 64

    init() throws {
        signal(SIGPIPE, SIG_IGN)
        callers = try FuzzListener("callers")
        upstreams = try FuzzListener("upstream")
        loop = try EventLoop()
        let policy = AccessPolicy(
            table: try RouteTable(ForwardedRequest.routes), identity: try IdentityFields(IdentityOptions()),
            mode: .enforce)
        let issuer = TokenIssuer(issuer: ClaimsText.issuer, audiences: [ClaimsText.audience])
        let gate = Gate(policy: policy, issuers: [issuer], limits: Limits())
        let signer = TestSigner(.ed25519)
        gate.install(try signer.keySet, issuer: 0)
        let claims = ClaimsText(now: Clock.unixTime().seconds).with("exp", "\(Clock.unixTime().seconds + 1_000_000)")
        tokens = [
            1: signer.token(claims.with("scope", "\"a\"").text), 2: signer.token(claims.with("scope", nil).text),
            3: TestSigner(.ed25519).token(claims.with("scope", "\"a\"").text),
        ]
        // Sound: the literal ends with a zero byte and lives for ever.
        let sink = unsafe open("/dev/null", O_WRONLY)
        let writer = try LogWriter(target: sink, level: .info, format: .json)
        _ = try writer.start()
        requestLog = RequestLog(writer: writer)
        let outcomes = RequestOutcomes()
        let rules = ExchangeRules(
            judge: .gate(gate),
            pool: UpstreamPool(loop: loop, addresses: [upstreams.address], options: UpstreamPoolOptions()),
            options: ExchangeOptions(forwarding: ForwardingOptions(upstreamAuthority: "upstream.test")),
            parking: KeyParking(waits: [nil], max: 0) { _ in nil },
            names: RequestNames(table: policy.table, issuers: [ClaimsText.issuer], sample: 1),
            counters: try RouteCounters(ids: policy.table.definitions.map(\.id), outcomes: outcomes))
        context = ExchangeContext(
            loop: loop, rules: rules, log: requestLog, metrics: try ExchangeMetrics(outcomes: outcomes))
    }

    func run(_ input: Span<UInt8>) {
        let turns = input.copied().split(separator: 0xFF, maxSplits: 12, omittingEmptySubsequences: false)
        do {
            let answersAll = turns[0].isEmpty
            let play = try FuzzPlay(callers: callers, upstreams: upstreams, context: context, answersAll: answersAll)
            for (index, bytes) in turns.enumerated() where !answersAll || index > 0 {
                if answersAll || index % 2 == 0 {
                    play.callerSends(bytes.flatMap { tokens[$0] ?? [$0] })
                } else {
                    play.upstreamSends(Array(bytes))
                }
                settle(play)
            }
            play.callerEnds()
            settle(play)
            play.check()
            context.cutAll()
            play.end()
        } catch { fatalError("the machine does not give us sockets: \(error)") }
        turnLoop()
        require(context.connectionCount == 0 && context.rules.pool.count == 0, "no connection is left behind")
    }

    /// Turns the loop until nothing moves any more.
    private func settle(_ play: FuzzPlay) {
        var quiet = 0
        for _ in 0..<Self.turnsMax where quiet < 3 {
            turnLoop()
            quiet = play.move() ? 0 : quiet + 1
        }
    }

    /// One turn, which does not wait, since there is work put off: nothing.
    private func turnLoop() {
        loop.runSoon(self)
        loop.run {
            requestLog.submit()
            loop.stop()
        }
    }

    func ready(_ readiness: Readiness) {}
    func deadlineReached() {}
    func resume() {}
}
