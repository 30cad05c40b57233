/// How the process's descriptors are shared out, so that idle callers can never take those that the requests of others
/// need towards the upstream.
package struct DescriptorBudget: Sendable, Equatable {
    /// Descriptors that the process may have open.
    package var limit: Int
    package var workers: Int
    /// Connections to the upstream that one worker may have.
    package var upstreamPerWorker: Int
    package var issuers: Int

    package init(limit: Int, workers: Int, upstreamPerWorker: Int, issuers: Int) {
        self.limit = limit
        self.workers = workers
        self.upstreamPerWorker = upstreamPerWorker
        self.issuers = issuers
    }

    /// For files, look-ups, fetches, the admin listener, and connections that are accepted only to be closed.
    private static let reserve = 64
    /// The loop, the mailbox and the listener of a worker; the wake-ups and the connection of a key source.
    private static let each = 4

    /// The most client connections that leave every worker its connections to the upstream; at least 1.
    ///
    /// Where the limit is too low for all of those, the two halves shrink together: a worker never needs more
    /// connections to the upstream than there are callers, so that `n` callers take at most `n` descriptors and `n`
    /// more for each worker.
    package var connectionsMax: Int {
        let usable = max(0, limit - Self.reserve - Self.each * (workers + issuers))
        return max(usable - workers * upstreamPerWorker, usable / (1 + workers), 1)
    }

    /// `limits.connections`, or as many as there are descriptors for.
    static func affordableConnections(
        _ configuration: Configuration, workers: Int, _ descriptorLimit: Int, _ log: LogWriter
    ) -> Int {
        let wanted = configuration.limits.connections
        // Each connection of the service's takes one to a target.
        let outgoing = 2 * egressConnections(configuration, descriptorLimit)
        let budget = DescriptorBudget(
            limit: max(0, descriptorLimit - outgoing), workers: workers,
            upstreamPerWorker: configuration.upstream.maxConnections,
            issuers: configuration.issuers.count + (configuration.egress?.targets.count ?? 0))
        return lower(
            wanted, to: budget.connectionsMax, descriptorLimit, log,
            settings: "limits.connections or upstream.max_connections")
    }

    /// `limits.connections` of an authorization server, or as many as leave descriptors for its files: clients and keys
    /// are read again when they change, whoever connects.
    static func affordableConnections(
        _ configuration: IssuerConfiguration, _ descriptorLimit: Int, _ log: LogWriter
    ) -> Int {
        let budget = DescriptorBudget(limit: descriptorLimit, workers: 1, upstreamPerWorker: 0, issuers: 0)
        return lower(
            configuration.service.connections, to: budget.connectionsMax, descriptorLimit, log,
            settings: "limits.connections")
    }

    private static func lower(
        _ wanted: Int, to allowed: Int, _ descriptorLimit: Int, _ log: LogWriter, settings: String
    ) -> Int {
        guard allowed < wanted else { return wanted }
        log.log(.warn, "connections_lowered") { line in
            line.field("configured", wanted)
            line.field("allowed", allowed)
            line.field("open_files", descriptorLimit)
            line.field(
                "hint",
                "raise the hard limit of open files (ulimit -Hn, LimitNOFILE= of systemd), or lower \(settings)")
        }
        return allowed
    }

    /// `egress.max_connections`, or as many as an eighth of the descriptors.
    static func egressConnections(_ configuration: Configuration, _ descriptorLimit: Int) -> Int {
        configuration.egress.map { min($0.maxConnections, max(16, descriptorLimit / 8)) } ?? 0
    }
}
