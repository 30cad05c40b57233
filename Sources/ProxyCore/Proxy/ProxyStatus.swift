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
    /// Requests of callers by route.
    let requests: RouteTally
    let reloads: ReloadBoard
    /// Descriptors that the process may have open.
    let descriptorLimit: Int

    init(
        _ configuration: Configuration, workers: Int, budget: ConnectionBudget, log: LogWriter, descriptorLimit: Int,
        egressConnections: Int
    ) throws(Errno) {
        keys = KeyBoard()
        outcomes = RequestOutcomes()
        requests = try RouteTally(ids: configuration.routes.map(\.id), workers: workers, outcomes: outcomes)
        reloads = ReloadBoard(configuration)
        var metrics: [ExchangeMetrics] = []
        for _ in 0..<workers { metrics.append(try ExchangeMetrics(outcomes: outcomes)) }
        self.metrics = metrics
        if let settings = configuration.egress {
            egress = try EgressStatus(settings, workers: workers, outcomes: outcomes, connections: egressConnections)
        } else {
            egress = nil
        }
        pulses = metrics.map { _ in LoopPulse() }
        self.budget = budget
        self.log = log
        self.descriptorLimit = descriptorLimit
    }

    /// Issuers of which there never were any keys.
    var issuersWithoutKeys: [String] { keys.current.filter { $0.countsForReadiness && !$0.hasHadKeys }.map(\.issuer) }

    var isReady: Bool { state.phase == .serving && issuersWithoutKeys.isEmpty }
}
