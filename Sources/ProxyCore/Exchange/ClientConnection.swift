/// One connection of a caller: reads its requests, has each judged, relays it and its response, one after the other.
///
/// The driver of `Exchange`: it moves bytes between four buffers as far as they go, reports what happened to the state
/// machine, and does what the returned action says. Belongs to its worker's thread.
package final class ClientConnection: EventHandler, UpstreamUser {
    enum Phase: Equatable {
        case serving
        /// The answer has been sent; what still comes is dropped.
        case lingering
        case closed
    }

    let context: ExchangeContext
    let peer: SocketAddress
    private(set) var isTrustedProxy: Bool
    let caller: CallerChannel
    var exchange = Exchange()
    var phase = Phase.serving
    /// How much of an incomplete head has been looked at.
    var requestProgress = HeadProgress()
    /// The worker's idle one between requests.
    private(set) var relay: Relay
    /// Whether the caller has ever been given something here: who has only been refused is a stranger still.
    private(set) var hasAsked = false
    /// When bytes last moved, or the state that is waited in began.
    var lastProgress: Instant
    /// When it is time to look whether the caller's certificate still counts.
    var certificateCheck = Instant.never
    /// Why it does not, once that is so.
    var certificateEnd: StaticString?
    package let timer = DeadlineTimer()
    private var registration = Registration(slot: 0, generation: 0)
    private var isPumping = false
    private var isScheduled = false

    /// How many rounds one event may cause before other connections have their turn.
    private static let roundsMax = 16
    /// How long, and for how many bytes, a lingering connection is read. More than the socket buffers of both sides
    /// hold: a caller in the middle of an upload looks for the answer only when it cannot send.
    static let linger = Interval.seconds(2)
    private static let lingerBytesMax = 64 << 20
    private var lingeredBytes = 0

    /// - Parameter tls: its handshake done; nil where requests come in the clear.
    init(_ accepted: consuming AcceptedSocket, tls: TLSSession? = nil, context: ExchangeContext) {
        self.context = context
        peer = accepted.peer
        isTrustedProxy = context.rules.forwarding.trusts(accepted.peer)
        caller = CallerChannel(socket: accepted.descriptor, tls: tls, pool: context.buffers)
        relay = context.idleRelay
        lastProgress = context.loop.now
    }

    func start() throws(Errno) {
        registration = context.loop.register(self)
        do throws(Errno) {
            try context.loop.watchConnection(caller.socket, registration)
        } catch {
            context.loop.unregister(registration)
            phase = .closed
            throw error
        }
        join()
    }

    /// Goes on where a handshake ends: in its place in the loop, with what it was told there.
    func start(inheriting registration: Registration, _ readiness: Readiness) {
        self.registration = registration
        context.loop.hand(registration, to: self)
        join()
        ready(readiness)
    }

    private func join() {
        context.add(self, registration)
        if context.isDraining { drain() }
        watchCertificate()
        updateDeadline()
    }

    // MARK: - Events

    package func ready(_ readiness: Readiness) {
        caller.note(readiness)
        pump()
    }

    package func upstreamReady() { pump() }

    package func upstreamConnected(_ connection: UpstreamConnection) {
        noteConnectionWait()
        leg.attach(connection)
        perform(exchange.connected())
        pump()
    }

    package func upstreamUnavailable(_ failure: UpstreamFailure) {
        upstreamFailed(failure, died: false)
        pump()
    }

    package func resume() {
        isScheduled = false
        pump()
    }

    package func deadlineReached() {
        guard phase != .closed else { return }
        timedOut()
        pump()
    }

    /// The keys that this request waits for have been fetched, or could not be.
    func keysSettled() {
        guard phase != .closed else { return }
        if exchange.response == .awaitingToken { tokenSettled() } else { judge(mayAwaitKeys: false) }
        pump()
    }

    /// There are newer rules. What has not been judged will be by them.
    func rulesChanged() {
        guard phase == .serving else { return }
        isTrustedProxy = context.rules.forwarding.trusts(peer)
        switch exchange.request {
        case .awaitingHead where record != nil: beginAgain()
        case .awaitingKeys: judgeAgain()
        case .awaitingHead, .awaitingBody, .awaitingEnd, .complete, .abandoned: break
        }
        guard phase != .closed else { return }
        updateDeadline()
    }

    /// The next response on this connection says that it is the last one.
    func drain() { exchange.drain() }

    /// How long it may be idle has changed.
    func idleTimeChanged() {
        guard phase == .serving, exchange.isIdle, record == nil else { return }
        if deadline() <= context.loop.now { endIdle() } else { updateDeadline() }
    }

    /// Ends a connection on which no request is under way, after the answer to what the caller has sent by now: it
    /// could not know better.
    func endIdle() {
        // What has come may have no event yet.
        caller.note(.readable)
        pump()
        if phase == .serving, exchange.isIdle, record == nil { close(broken: false) }
    }

    /// Ends the connection whatever is under way on it.
    func cut() {
        guard exchange.isTunnel else { return close(broken: !exchange.isIdle) }
        cutShort("drained")
        close(broken: false)
    }

    // MARK: - Moving bytes

    /// Moves whatever can be moved, in the direction of the flow, until a round moves nothing.
    private func pump() {
        guard !isPumping, phase != .closed else { return }
        isPumping = true
        var rounds = 0
        var moved = true
        while moved, rounds < Self.roundsMax {
            moved = runRound() && mayMoveMore
            rounds += 1
        }
        isPumping = false
        guard phase != .closed else { return }
        countWork()
        caller.releaseEmpty()
        if moved, !isScheduled {
            isScheduled = true
            context.loop.runSoon(self)
        }
        updateDeadline()
    }

    /// False when another round can find nothing to do: everything has been read, passed on and sent as far as it goes.
    private var mayMoveMore: Bool { phase != .serving || caller.mayMove || leg.mayMove }

    /// One round. Not a chain of `||`: each step is to run whatever the one before it came to.
    private func runRound() -> Bool {
        var moved = receiveFromCaller()
        if phase == .lingering { return discardLingering() || moved }
        if advanceRequest() { moved = true }
        if leg.send() { moved = true }
        if leg.receive() { moved = true }
        if advanceResponse() { moved = true }
        if flushToCaller() { moved = true }
        if complete() { moved = true }
        if moved { lastProgress = context.loop.now }
        return moved && phase != .closed
    }

    private func receiveFromCaller() -> Bool {
        guard phase != .closed, wantsCallerBytes else { return false }
        do throws(CallerFailure) {
            return try caller.receive()
        } catch {
            close(broken: !exchange.isIdle && phase != .lingering)
            return false
        }
    }

    /// Nothing is read ahead of the request under way, except what lies before the end of a caller that has gone: what
    /// it can make us hold is one buffer.
    private var wantsCallerBytes: Bool {
        if phase == .lingering { return true }
        switch exchange.request {
        case .awaitingHead, .awaitingBody, .awaitingEnd: return true
        case .awaitingKeys, .complete: return caller.closing
        case .abandoned: return false
        }
    }

    private func flushToCaller() -> Bool {
        guard phase != .closed else { return false }
        do throws(CallerFailure) {
            return try caller.flush()
        } catch {
            close(broken: true)
            return false
        }
    }

    // MARK: - Doing what the state machine says

    func perform(_ action: Exchange.Action) {
        switch action {
        case .none, .forward, .answer, .relayInterim, .relay, .openTunnel, .park, .renewToken: break
        case .endUpstream: leg.endSending()
        case .endCaller: caller.endSending()
        case .connect(let fresh): connect(fresh: fresh)
        case .breakOff: breakOff()
        case .startNext: startNext()
        // Closing on unread bytes would send a reset, which can overtake the response.
        case .closeAfterFlush: caller.mayHaveUnread ? startLingering() : close(broken: false)
        case .lingerAfterFlush: startLingering()
        // Only for an answer that has begun: a reset could take along those before it that are still on their way.
        case .close: close(broken: exchange.response == .awaitingBody)
        }
    }

    private func connect(fresh: Bool) {
        relay.waitStarted = context.loop.now
        switch pool.acquire(for: self, fresh: fresh, surely: !exchange.repeatable) {
        case .connected(let connection):
            leg.attach(connection)
            perform(exchange.connected())
        // Not from the turn's beginning: what was done before is not part of the wait.
        case .pending: relay.waitStarted = Clock.monotonic()
        case .failed(let failure): upstreamFailed(failure, died: false)
        }
    }

    /// Once the response has gone out: what comes next.
    private func complete() -> Bool {
        guard phase == .serving, exchange.response == .complete, !exchange.isTunnel else { return false }
        releaseUpstream()
        guard !caller.hasOutput else { return false }
        let action = exchange.completion
        guard action != .none else { return false }
        finishRecord()
        perform(action == .startNext && mustEnd ? .closeAfterFlush : action)
        return true
    }

    /// Gives the upstream connection back as soon as it has done its part, not when a slow caller has taken all.
    private func releaseUpstream() {
        guard leg.connection != nil || leg.output != nil else { return }
        leg.finish(reusable: relay.upstreamPersists && exchange.request == .complete)
    }

    private func startNext() {
        exchange.next()
        requestProgress = HeadProgress()
        caller.growInput()
        if context.isDraining { drain() }
    }

    private func startLingering() {
        phase = .lingering
        caller.endSending()
        caller.discardInput()
    }

    private func discardLingering() -> Bool {
        lingeredBytes += caller.input?.count ?? 0
        caller.discardInput()
        if caller.ended || lingeredBytes > Self.lingerBytesMax { close(broken: false) }
        return false
    }

    /// The response cannot be completed. Its framing tells the caller so, except where only the connection's end could:
    /// there a reset has to.
    private func breakOff() {
        _ = try? caller.flush()
        close(broken: true)
    }

    /// Ends the connection. With `broken`, the caller must not take what it has for a whole response.
    func close(broken: Bool) {
        guard phase != .closed else { return }
        if exchange.request == .awaitingKeys || exchange.response == .awaitingToken {
            noteKeyWait()
            rules.parking.leave(self)
        }
        if exchange.response == .awaitingConnection, leg.connection == nil {
            noteConnectionWait()
            pool.cancel(self)
        }
        phase = .closed
        if broken, exchange.isTunnel { leg.breakConnection() }
        finishRecord()
        if broken { Socket.resetOnClose(caller.socket) } else { caller.announceClose() }
        caller.releaseBuffers()
        // The descriptor closes with this object, whose last owners are the loop's table and the context.
        context.loop.unregister(registration)
        context.remove(registration, peer: peer)
    }

    private func updateDeadline() {
        timer.set(deadline(), registration, context.loop)
    }

    // MARK: - The log

    /// What is known of the request under way; nil when none is.
    var record: RequestRecord? { relay === context.idleRelay ? nil : relay.record }

    /// The application's end of the request under way, at rest when there is none.
    var leg: UpstreamLeg { relay.leg }

    /// Where connections for the request under way come from.
    var pool: UpstreamPool { relay.outgoing?.way.pool ?? rules.pool }

    /// Those of the request under way, else the newest.
    var rules: ExchangeRules { relay.rules }

    func beginRecord() -> RequestRecord {
        guard relay === context.idleRelay else { return relay.record }
        relay = context.takeRelay()
        relay.idleTimeout = rules.timeouts.upstreamIdle
        let record = relay.record
        record.started = context.loop.now
        return record
    }

    /// Gives a request that has not been judged a relay with the newest rules.
    private func beginAgain() {
        let old = relay
        relay = context.takeRelay()
        relay.idleTimeout = rules.timeouts.upstreamIdle
        relay.waitStarted = old.waitStarted
        relay.record.started = old.record.started
        requestProgress = HeadProgress()
        caller.growInput()
    }

    /// Has a request that waits for keys judged by the newest rules, by which it may wait on, for the rest of its time.
    private func judgeAgain() {
        rules.parking.leave(self)
        beginAgain()
        judge(mayAwaitKeys: true)
        pump()
    }

    /// Counts the work of this turn. The one reading of a clock beside that of the turn and that of the record's end:
    /// without it, what was done before the request was sent on would pass for the application's time.
    private func countWork() {
        guard let record else { return }
        record.countWork(inTurnOf: context.loop.now, until: Clock.monotonic())
    }

    func finishRecord() {
        guard let record else { return }
        noteTunnelEnd(record)
        // A caller that went with less than a head has asked for nothing.
        let hasBegun = !record.method.isEmpty || record.reason != nil
        if record.status == 0 {
            record.status = RequestRecord.callerGone
            record.reason = "caller_gone"
        }
        if hasBegun {
            if record.upstreamStatus > 0 { hasAsked = true }
            let now = Clock.monotonic()
            record.countWork(inTurnOf: context.loop.now, until: now)
            context.log.write(record, by: rules.names, peer: peer, now: now)
            context.metrics.count(record, by: rules.counters, ended: now)
        }
        leg.finish(reusable: false)
        context.giveBack(relay)
        relay = context.idleRelay
    }
}
