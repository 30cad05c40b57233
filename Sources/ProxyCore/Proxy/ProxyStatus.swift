/// Everything that the admin listener tells of, each part safe to read while others write it.
struct ProxyStatus: Sendable {
    let state = ServingState()
    let keys: KeyBoard
    let certificates = CertificateBoard()
    /// Of each worker.
    let metrics: [ExchangeMetrics]
    let pulses: [LoopPulse]
    let outcomes: RequestOutcomes
    let budget: ConnectionBudget
    /// Of the service's own calls; nil when they do not come through here.
    let egress: EgressStatus?
    let log: LogWriter
    let routeIDs: [String]
    /// Tokens that one worker may remember.
    let cacheEntriesMax: Int
    /// Descriptors that the process may have open.
    let descriptorLimit: Int

    init(
        _ configuration: Configuration, workers: Int, budget: ConnectionBudget, log: LogWriter, descriptorLimit: Int,
        egressConnections: Int
    ) throws(Errno) {
        keys = KeyBoard(issuers: configuration.issuers.map(\.token.issuer))
        outcomes = RequestOutcomes()
        routeIDs = configuration.routes.map(\.id)
        var metrics: [ExchangeMetrics] = []
        for _ in 0..<workers { metrics.append(try ExchangeMetrics(routes: routeIDs.count, outcomes: outcomes)) }
        self.metrics = metrics
        if let settings = configuration.egress {
            egress = try EgressStatus(settings, workers: workers, outcomes: outcomes, connections: egressConnections)
        } else {
            egress = nil
        }
        pulses = metrics.map { _ in LoopPulse() }
        self.budget = budget
        self.log = log
        cacheEntriesMax = configuration.limits.tokenCacheEntries
        self.descriptorLimit = descriptorLimit
    }

    /// Issuers of which there never were any keys.
    var issuersWithoutKeys: [String] { keys.current.filter { !$0.hasHadKeys }.map(\.issuer) }

    var isReady: Bool { state.phase == .serving && issuersWithoutKeys.isEmpty }
}
