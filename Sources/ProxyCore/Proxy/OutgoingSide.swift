/// A worker's part in the service's own calls: a listening socket, what is accepted there, and the ways to the targets.
/// Belongs to the worker and lives on its thread.
final class OutgoingSide {
    let context: ExchangeContext
    private let pools: WorkerPools
    private let number: Int
    private let requestLog: RequestLog
    private var listener: Listener?
    private var current: Lane
    /// Rules of before, by which calls may still wait for a token.
    private var earlier: [EarlierLane] = []
    /// The newest of each source. Of one that no rule knows yet, until the rules come that do.
    private var snapshots: [Int: TokenSnapshot] = [:]

    /// The rules of one reload, and by which numbers their targets' sources are known.
    private struct Lane {
        let rules: ExchangeRules
        let gate: OutgoingGate
        let numbers: [Int]
    }

    private struct EarlierLane {
        weak var rules: ExchangeRules?
        let gate: OutgoingGate
        let numbers: [Int]
    }

    /// - Parameters:
    ///   - number: the worker's.
    ///   - ended: called whenever a connection of the service has ended.
    init(
        _ rules: OutgoingRules, _ configuration: Configuration, loop: EventLoop, socket: ListeningSocket, number: Int,
        status: EgressStatus, log: LogWriter, placeFreed: @escaping () -> Void, ended: @escaping () -> Void
    ) throws(Errno) {
        self.number = number
        pools = WorkerPools(loop: loop)
        current = Self.make(rules, configuration, pools, loop, number: number)
        requestLog = RequestLog(writer: log, pulse: loop.pulse)
        context = ExchangeContext(
            loop: loop, rules: current.rules, log: requestLog, metrics: status.metrics[number])
        let (context, budget) = (context, status.budget)
        context.connectionEnded = { peer in
            budget.leave(peer)
            if budget.release() { placeFreed() }
            ended()
        }
        listener = try Listener(
            socket, loop: loop, budget: budget, log: log,
            serve: { (accepted) throws(Errno) in try context.serve(accepted) }, placeFreed: placeFreed,
            makeRoom: { context.makeRoom() }, hint: "raise egress.max_connections")
    }

    private static func make(
        _ rules: OutgoingRules, _ configuration: Configuration, _ pools: WorkerPools, _ loop: EventLoop, number: Int
    ) -> Lane {
        let targets = rules.egress.targets
        let gate = OutgoingGate(rules.table, sources: rules.tokens.map(\.source))
        let connect = configuration.timeouts.upstreamConnect
        let adopted = pools.adopt(
            rules.upstreams, targets.map { $0.upstream.poolOptions(connect: connect) }, names: targets.map(\.call.id))
        let ways = zip(adopted, targets).map { OutgoingWay(pool: $0, forwarding: $1.upstream.forwardingOptions) }
        let demand = gate.demand
        let parking = KeyParking(
            waits: targets.map(\.call.wait), max: configuration.limits.parkedRequests, refetch: demand)
        let made = ExchangeRules(
            judge: .outgoing(OutgoingCalls(gate, ways)),
            pool: UpstreamPool(loop: loop, addresses: [], options: UpstreamPoolOptions()),
            options: configuration.outgoingExchangeOptions, parking: parking,
            names: RequestNames(targets: targets.map(\.call.id), sample: configuration.logSample),
            counters: rules.counters[number])
        return Lane(rules: made, gate: gate, numbers: rules.tokens.map(\.number))
    }

    /// Goes over to other rules. Calls that were judged keep the ones of before, and still get those tokens.
    func adopt(_ rules: OutgoingRules, _ configuration: Configuration) {
        let old = current
        current = Self.make(rules, configuration, pools, context.loop, number: number)
        let numbers = Set(current.numbers)
        snapshots = snapshots.filter { numbers.contains($0.key) }
        for (target, number) in current.numbers.enumerated() {
            if let snapshot = snapshots[number] { current.gate.install(snapshot, target: target) }
        }
        context.install(current.rules)
        earlier.removeAll { $0.rules == nil }
        earlier.append(EarlierLane(rules: old.rules, gate: old.gate, numbers: old.numbers))
    }

    /// Whether it has anything left to do.
    var isDone: Bool { listener == nil && context.connectionCount == 0 }

    func install(_ snapshot: TokenSnapshot) {
        snapshots[snapshot.target] = snapshot
        earlier.removeAll { $0.rules == nil }
        for lane in earlier {
            guard let rules = lane.rules else { continue }
            install(snapshot, lane.gate, rules, lane.numbers)
        }
        install(snapshot, current.gate, current.rules, current.numbers)
    }

    private func install(_ snapshot: TokenSnapshot, _ gate: OutgoingGate, _ rules: ExchangeRules, _ numbers: [Int]) {
        guard let target = numbers.firstIndex(of: snapshot.target) else { return }
        gate.install(snapshot, target: target)
        rules.parking.settle(snapshot, target: target)
    }

    func setAddresses(_ addresses: [SocketAddress], of upstream: Int) {
        pools.setAddresses(addresses, of: upstream)
    }

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

    func closeIdle() { pools.closeIdle() }

    /// At the end of each turn of the loop.
    func publish() {
        context.publishFigures()
        requestLog.submit()
    }
}
