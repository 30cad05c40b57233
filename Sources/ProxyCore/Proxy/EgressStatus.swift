/// What the admin listener tells of the service's own calls, each part safe to read while others write it.
struct EgressStatus: Sendable {
    let tokens: TokenBoard
    /// Of each worker.
    let metrics: [ExchangeMetrics]
    let budget: ConnectionBudget
    let targetIDs: [String]

    init(_ settings: EgressSettings, workers: Int, outcomes: RequestOutcomes, connections: Int) throws(Errno) {
        targetIDs = settings.targets.map(\.call.id)
        tokens = TokenBoard(targets: targetIDs)
        var metrics: [ExchangeMetrics] = []
        for _ in 0..<workers { metrics.append(try ExchangeMetrics(routes: targetIDs.count, outcomes: outcomes)) }
        self.metrics = metrics
        budget = ConnectionBudget(max: connections, maxPerAddress: nil)
    }
}
