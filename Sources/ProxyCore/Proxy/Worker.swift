/// What the control thread and the key sources tell a worker.
package enum WorkerMessage: Sendable {
    case keys(KeySnapshot)
    case upstreamAddresses([SocketAddress])
    /// What connections begin with from now on.
    case tls(TLSServerContext)
    case token(TokenSnapshot)
    case targetAddresses(target: Int, [SocketAddress])
    /// A place for a connection has come free.
    case resumeAccepting
    /// All places for connections are taken, and another worker has none that it could spare.
    case makeRoom
    /// Accept nothing more, finish what is under way, then end.
    case drain
    /// End now.
    case cut
}

/// What a worker is made from. Immutable; given to every worker.
struct WorkerSettings: Sendable {
    let configuration: Configuration
    let policy: AccessPolicy
    let addresses: [SocketAddress]
    /// nil where callers speak plain HTTP.
    let tls: TLSServerContext?
    let budget: ConnectionBudget
    let keySources: [KeySource?]
    let log: LogWriter
    let status: ProxyStatus
    /// For the service's own calls; nil when they do not come through here.
    let outgoing: OutgoingSideSettings?
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
    let loop: EventLoop
    let context: ExchangeContext
    private let requestLog: RequestLog
    private let keys: WorkerKeys
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
        let configuration = settings.configuration
        loop = try EventLoop(pulse: settings.status.pulses[number])
        requestLog = RequestLog(
            writer: settings.log, table: settings.policy.table, issuers: configuration.issuers.map(\.token.issuer),
            sample: configuration.logSample)
        let gate = Gate(
            policy: settings.policy, issuers: configuration.issuers.map(\.token), limits: configuration.limits)
        keys = WorkerKeys(gate: gate, sources: settings.keySources, loop: loop)
        let pool = UpstreamPool(
            loop: loop, addresses: settings.addresses, options: configuration.upstreamPoolOptions)
        let parking = KeyParking(
            waits: configuration.issuers.map(\.refresh.wait), max: configuration.limits.parkedRequests,
            refetch: keys.refetch)
        context = ExchangeContext(
            loop: loop, judge: .gate(gate), pool: pool, options: configuration.exchangeOptions, log: requestLog,
            metrics: settings.status.metrics[number], parking: parking)
        try start(sockets.callers)
        if let side = settings.outgoing, let socket = sockets.outgoing {
            try startOutgoing(side, socket, number: number)
        }
    }

    private func startOutgoing(
        _ side: OutgoingSideSettings, _ socket: ListeningSocket, number: Int
    ) throws(Errno) {
        outgoing = try OutgoingSide(
            side, settings.configuration, loop: loop, socket: socket, number: number, log: settings.log,
            placeFreed: settings.placeFreed, ended: { [weak self] in self?.connectionEnded() })
    }

    private func start(_ socket: ListeningSocket) throws(Errno) {
        registration = loop.register(self)
        try loop.watchReadable(mailbox.wakeUp.descriptor, registration)
        let (context, budget) = (context, settings.budget)
        let (placeFreed, placeWanted) = (settings.placeFreed, settings.placeWanted)
        context.connectionEnded = { [weak self] peer in
            budget.leave(peer)
            if budget.release() { placeFreed() }
            self?.connectionEnded()
        }
        context.tls = settings.tls
        let handshakes = HandshakeLog(settings.log, loop)
        context.handshakeFailed = { peer, failure in handshakes.write(peer, failure) }
        listener = try Listener(
            socket, loop: loop, budget: budget, log: settings.log,
            serve: { (accepted) throws(Errno) in try context.serve(accepted) }, placeFreed: placeFreed,
            makeRoom: {
                if context.makeRoom() { return true }
                placeWanted()
                return false
            })
    }

    /// Runs until the worker has been told to end and nothing is left to do.
    func run() {
        loop.run {
            context.publishFigures()
            requestLog.submit()
            outgoing?.publish()
        }
        requestLog.submit()
        context.pool.closeIdle()
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
            keys.install(snapshot)
            context.parking.settle(snapshot)
        case .upstreamAddresses(let addresses): context.pool.setAddresses(addresses)
        case .tls(let tls): context.tls = tls
        case .token(let snapshot): outgoing?.install(snapshot)
        case .targetAddresses(let target, let addresses): outgoing?.setAddresses(addresses, of: target)
        case .resumeAccepting:
            listener?.resumeAccepting()
            outgoing?.resumeAccepting()
        case .makeRoom: _ = context.makeRoom()
        case .drain: drain()
        case .cut: cut()
        }
    }

    private func drain() {
        guard stage == .serving else { return }
        stage = .grace
        context.announceEnd()
        let grace = context.timeouts.drainGrace
        if grace > .zero {
            timer.set(loop.now.advanced(by: grace), registration, loop)
        } else {
            finish()
        }
    }

    private func finish() {
        stage = .draining
        listener?.close()
        listener = nil
        timer.set(loop.now.advanced(by: context.timeouts.drain), registration, loop)
        context.endIdle()
        outgoing?.announceEnd()
        connectionEnded()
    }

    private func cut() {
        stage = .draining
        listener?.close()
        listener = nil
        context.cutAll()
        outgoing?.cut()
        loop.stop()
    }

    private func connectionEnded() {
        guard stage == .draining, context.connectionCount == 0 else { return }
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

/// A worker's view of the issuers' keys.
final class WorkerKeys {
    private let gate: Gate
    private let sources: [KeySource?]
    private let loop: EventLoop
    private var snapshots: [KeySnapshot?]

    init(gate: Gate, sources: [KeySource?], loop: EventLoop) {
        self.gate = gate
        self.sources = sources
        self.loop = loop
        snapshots = Array(repeating: nil, count: sources.count)
    }

    func install(_ snapshot: KeySnapshot) {
        let known = snapshots[snapshot.issuer]?.generation
        snapshots[snapshot.issuer] = snapshot
        if known != snapshot.generation { gate.install(snapshot.keys, issuer: snapshot.issuer) }
    }

    /// Asks for an issuer's keys to be fetched; nil when that is no use now.
    func refetch(issuer: Int) -> RefetchTicket? {
        guard let source = sources[issuer] else { return nil }
        if let snapshot = snapshots[issuer], !snapshot.allowsRefetch(at: loop.now) { return nil }
        return source.requestRefetch()
    }
}
