/// What a worker needs for the service's own calls. Immutable; given to every worker.
struct OutgoingSideSettings: Sendable {
    let egress: EgressSettings
    let table: TargetTable
    /// Of each target.
    let sources: [TokenSource?]
    let addresses: [[SocketAddress]]
    let budget: ConnectionBudget
    /// Of each worker.
    let metrics: [ExchangeMetrics]
}

/// A worker's part in the service's own calls: a listening socket, what is accepted there, and the ways to the targets.
/// Belongs to the worker and lives on its thread.
final class OutgoingSide {
    let context: ExchangeContext
    private let gate: OutgoingGate
    private let ways: [OutgoingWay]
    private let requestLog: RequestLog
    private var listener: Listener?

    /// - Parameters:
    ///   - number: the worker's.
    ///   - ended: called whenever a connection of the service has ended.
    init(
        _ settings: OutgoingSideSettings, _ configuration: Configuration, loop: EventLoop,
        socket: ListeningSocket, number: Int, log: LogWriter, placeFreed: @escaping () -> Void,
        ended: @escaping () -> Void
    ) throws(Errno) {
        let targets = settings.egress.targets
        gate = OutgoingGate(settings.table, sources: settings.sources)
        ways = targets.indices.map { target in
            let upstream = targets[target].upstream
            let options = upstream.poolOptions(connect: configuration.timeouts.upstreamConnect)
            return OutgoingWay(
                pool: UpstreamPool(loop: loop, addresses: settings.addresses[target], options: options),
                forwarding: upstream.forwardingOptions)
        }
        requestLog = RequestLog(writer: log, targets: targets.map(\.call.id), sample: configuration.logSample)
        let demand = gate.demand
        let parking = KeyParking(
            waits: targets.map(\.call.wait), max: configuration.limits.parkedRequests, refetch: demand)
        context = ExchangeContext(
            loop: loop, judge: .outgoing(OutgoingCalls(gate, ways)),
            pool: UpstreamPool(loop: loop, addresses: [], options: UpstreamPoolOptions()),
            options: configuration.outgoingExchangeOptions, log: requestLog, metrics: settings.metrics[number],
            parking: parking)
        let (context, budget) = (context, settings.budget)
        context.connectionEnded = { peer in
            budget.leave(peer)
            if budget.release() { placeFreed() }
            ended()
        }
        listener = try Listener(
            socket, loop: loop, budget: budget, log: log,
            serve: { (accepted) throws(Errno) in try context.serve(accepted) }, placeFreed: placeFreed,
            makeRoom: { context.makeRoom() })
    }

    /// Whether it has anything left to do.
    var isDone: Bool { listener == nil && context.connectionCount == 0 }

    func install(_ snapshot: TokenSnapshot) {
        gate.install(snapshot)
        context.parking.settle(snapshot)
    }

    func setAddresses(_ addresses: [SocketAddress], of target: Int) { ways[target].setAddresses(addresses) }

    func resumeAccepting() { listener?.resumeAccepting() }

    /// From now on, each response says that it is the last one on its connection.
    func announceEnd() { context.announceEnd() }

    /// Accepts nothing more, and lets what is under way end.
    func drain() {
        guard let listener else { return }
        listener.close()
        self.listener = nil
        context.endIdle()
        closeIdle()
    }

    func cut() {
        listener?.close()
        listener = nil
        context.cutAll()
        closeIdle()
    }

    func closeIdle() {
        for way in ways { way.closeIdle() }
    }

    /// At the end of each turn of the loop.
    func publish() {
        context.publishFigures()
        requestLog.submit()
    }
}
