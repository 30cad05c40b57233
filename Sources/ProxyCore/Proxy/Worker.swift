/// What the control thread, the reloading one and the sources tell a worker.
package enum WorkerMessage: Sendable {
    case keys(KeySnapshot)
    case token(TokenSnapshot)
    /// Where an upstream is now, by its number in the rules.
    case addresses(upstream: Int, [SocketAddress])
    /// What connections begin with from now on.
    case tls(TLSServerContext)
    /// Judge by these from now on.
    case rules(WorkerRulesMessage)
    /// A place for a connection has come free.
    case resumeAccepting
    /// All places for connections are taken, and another worker has none that it could spare.
    case makeRoom
    /// Accept nothing more, finish what is under way, then end.
    case drain
    /// End now.
    case cut
}

/// Other rules, and whom to tell when they are in force.
package struct WorkerRulesMessage: Sendable {
    let rules: WorkerRules
    let handover: RulesHandover
}

/// What a worker is made from. Immutable; given to every worker.
struct WorkerSettings: Sendable {
    /// The first rules.
    let rules: WorkerRules
    let budget: ConnectionBudget
    let log: LogWriter
    let status: ProxyStatus
    /// Tells every worker that a place has come free.
    let placeFreed: @Sendable () -> Void
    /// Asks every worker for a place.
    let placeWanted: @Sendable () -> Void
}

/// One thread of the proxy: a loop, a listening socket, and all that serves the connections accepted there. Born on its
/// thread and never seen by another; what others want of it comes through the mailbox.
final class Worker: EventHandler {
    private enum Stage {
        case serving
        /// Still accepts, but every response is the last one on its connection.
        case grace
        /// Accepts nothing more; what is under way may end.
        case draining
    }

    private let settings: WorkerSettings
    private let mailbox: Mailbox<WorkerMessage>
    private let number: Int
    let loop: EventLoop
    let context: ExchangeContext
    private let requestLog: RequestLog
    private let keys: WorkerKeys
    private let pools: WorkerPools
    private var listener: Listener?
    private var outgoing: OutgoingSide?
    private var registration = Registration(slot: 0, generation: 0)
    private var stage = Stage.serving
    let timer = DeadlineTimer()

    /// - Parameter number: counts the workers from 0.
    init(
        _ settings: WorkerSettings, mailbox: Mailbox<WorkerMessage>, sockets: WorkerSockets, number: Int
    ) throws(Errno) {
        self.settings = settings
        self.mailbox = mailbox
        self.number = number
        loop = try EventLoop(pulse: settings.status.pulses[number])
        requestLog = RequestLog(writer: settings.log, pulse: loop.pulse)
        keys = WorkerKeys(loop: loop)
        pools = WorkerPools(loop: loop)
        context = ExchangeContext(
            loop: loop, rules: Self.make(settings.rules, keys, pools, number: number), log: requestLog,
            metrics: settings.status.metrics[number])
        registration = loop.register(self)
        do throws(Errno) {
            try start(sockets.callers)
            if let rules = settings.rules.outgoing, let socket = sockets.outgoing {
                try startOutgoing(rules, socket)
            }
        } catch {
            // The loop and what is registered there hold each other.
            listener?.cut()
            loop.unregister(registration)
            throw error
        }
    }

    private static func make(
        _ rules: WorkerRules, _ keys: WorkerKeys, _ pools: WorkerPools, number: Int
    ) -> ExchangeRules {
        let (configuration, issuers) = (rules.configuration, rules.keys)
        let gate = Gate(
            policy: rules.policy, issuers: configuration.issuers.map(\.token), limits: configuration.limits)
        keys.adopt(gate, issuers)
        let pool = pools.adopt([rules.upstream], [configuration.upstreamPoolOptions], names: [""])[0]
        let parking = KeyParking(
            waits: configuration.issuers.map(\.refresh.wait), max: configuration.limits.parkedRequests,
            refetch: { keys.refetch(issuers[$0]) })
        let names = RequestNames(
            table: rules.policy.table, issuers: configuration.issuers.map(\.token.issuer),
            sample: configuration.logSample)
        return ExchangeRules(
            judge: .gate(gate), pool: pool, options: configuration.exchangeOptions, parking: parking, names: names,
            counters: rules.counters[number])
    }

    private func startOutgoing(_ rules: OutgoingRules, _ socket: ListeningSocket) throws(Errno) {
        guard let status = settings.status.egress else { return }
        outgoing = try OutgoingSide(
            rules, settings.rules.configuration, loop: loop, socket: socket, number: number, status: status,
            log: settings.log, placeFreed: settings.placeFreed, ended: { [weak self] in self?.connectionEnded() })
    }

    private func start(_ socket: ListeningSocket) throws(Errno) {
        try loop.watchReadable(mailbox.wakeUp.descriptor, registration)
        let (context, budget) = (context, settings.budget)
        let (placeFreed, placeWanted) = (settings.placeFreed, settings.placeWanted)
        context.connectionEnded = { [weak self] peer in
            budget.leave(peer)
            if budget.release() { placeFreed() }
            self?.connectionEnded()
        }
        context.tls = settings.rules.tls
        let handshakes = HandshakeLog(settings.log, loop)
        context.handshakeFailed = { peer, failure in handshakes.write(peer, failure) }
        listener = try Listener(
            socket, loop: loop, budget: budget, log: settings.log,
            serve: { (accepted) throws(Errno) in try context.serve(accepted) }, placeFreed: placeFreed,
            makeRoom: {
                if context.makeRoom() { return true }
                placeWanted()
                return false
            }, closed: { [weak self] in self?.connectionEnded() },
            hint: "raise limits.connections, or set limits.connections_per_address")
    }

    /// Runs until the worker has been told to end and nothing is left to do.
    func run() {
        loop.run {
            context.publishFigures()
            requestLog.submit()
            outgoing?.publish()
        }
        requestLog.submit()
        pools.closeIdle()
        context.publishFigures()
        outgoing?.closeIdle()
        outgoing?.publish()
        // The loop keeps its handlers alive, and they it.
        loop.unregister(registration)
    }

    func ready(_ readiness: Readiness) {
        for message in mailbox.takeAll() { handle(message) }
    }

    func deadlineReached() {
        switch stage {
        case .serving: break
        case .grace: finish()
        // What is still under way when the time to drain has run out is cut.
        case .draining: cut()
        }
    }

    func resume() {}

    private func handle(_ message: WorkerMessage) {
        switch message {
        case .keys(let snapshot):
            if let issuer = keys.install(snapshot) { context.rules.parking.settle(snapshot, issuer: issuer) }
        case .token(let snapshot): outgoing?.install(snapshot)
        case .addresses(let upstream, let addresses):
            pools.setAddresses(addresses, of: upstream)
            outgoing?.setAddresses(addresses, of: upstream)
        case .tls(let tls): context.tls = tls
        case .rules(let message): adopt(message)
        case .resumeAccepting:
            listener?.resumeAccepting()
            outgoing?.resumeAccepting()
        case .makeRoom: _ = context.makeRoom()
        case .drain: drain()
        case .cut: cut()
        }
    }

    private func adopt(_ message: WorkerRulesMessage) {
        let rules = message.rules
        if let tls = rules.tls { context.tls = tls }
        context.install(Self.make(rules, keys, pools, number: number))
        if let others = rules.outgoing { outgoing?.adopt(others, rules.configuration) }
        message.handover.take()
    }

    private func drain() {
        guard stage == .serving else { return }
        stage = .grace
        context.announceEnd()
        let grace = context.rules.timeouts.drainGrace
        if grace > .zero {
            timer.set(loop.now.advanced(by: grace), registration, loop)
        } else {
            finish()
        }
    }

    private func finish() {
        // While the stage is another one: what is taken from the queue now may cost the place of the last connection.
        listener?.close()
        stage = .draining
        timer.set(loop.now.advanced(by: context.rules.timeouts.drain), registration, loop)
        context.endIdle()
        outgoing?.announceEnd()
        connectionEnded()
    }

    private func cut() {
        stage = .draining
        listener?.cut()
        context.cutAll()
        outgoing?.cut()
        loop.stop()
    }

    private func connectionEnded() {
        guard stage == .draining, listener?.isClosed ?? true, context.connectionCount == 0 else { return }
        // Not before: what is under way for callers may take calls of the service's own.
        outgoing?.drain()
        if outgoing?.isDone ?? true { loop.stop() }
    }
}

/// The sockets that one worker listens on.
struct WorkerSockets: Sendable {
    let callers: ListeningSocket
    /// For the service's own calls.
    let outgoing: ListeningSocket?
}
