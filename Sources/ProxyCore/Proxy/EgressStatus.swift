/// What the admin listener tells of the service's own calls, each part safe to read while others write it.
struct EgressStatus: Sendable {
    let tokens: TokenBoard
    /// Of each worker.
    let metrics: [ExchangeMetrics]
    let budget: ConnectionBudget
    /// Calls by target.
    let calls: RouteTally

    init(_ settings: EgressSettings, workers: Int, outcomes: RequestOutcomes, connections: Int) throws(Errno) {
        tokens = TokenBoard()
        calls = try RouteTally(ids: settings.targets.map(\.call.id), workers: workers, outcomes: outcomes)
        var metrics: [ExchangeMetrics] = []
        for _ in 0..<workers { metrics.append(try ExchangeMetrics(outcomes: outcomes)) }
        self.metrics = metrics
        budget = ConnectionBudget(max: connections, maxPerAddress: nil)
    }
}
