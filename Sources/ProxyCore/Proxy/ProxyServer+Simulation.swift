#if FAULT_INJECTION
    extension ProxyServer {
        /// A worker without a server around it, for a test that stands in for the kernel on its own thread: to be run
        /// there. Debug builds only.
        ///
        /// - Parameters:
        ///   - upstreamConnections: how many it may have.
        ///   - keys: of the first issuer; not started, for its thread is no part of this.
        ///   - mailbox: the worker's.
        /// - Returns: what runs the worker until a message ends it; what makes the message of a reload that changes
        ///   nothing; and what lists that which a worker without callers should not have.
        package static func simulatedWorker(
            _ configuration: Configuration, upstreamConnections: Int, upstream: SocketAddress, keys: KeySource,
            mailbox: Mailbox<WorkerMessage>, log: LogWriter
        ) throws -> (run: () -> Void, reload: () throws -> WorkerMessage, remains: () -> [String]) {
            var configuration = configuration
            configuration.upstream.maxConnections = upstreamConnections
            let budget = ConnectionBudget(max: configuration.limits.connections, maxPerAddress: nil)
            let status = try ProxyStatus(
                configuration, workers: 1, budget: budget, log: log, descriptorLimit: 1024, egressConnections: 0)
            let rules = WorkerRules(
                configuration: configuration, policy: try policy(of: configuration),
                upstream: UpstreamPlace(number: 0, addresses: [upstream]),
                keys: [SuppliedKeys(number: 0, source: keys)], tls: nil, counters: status.requests.current,
                outgoing: nil)
            let settings = WorkerSettings(
                rules: rules, budget: budget, log: log, status: status,
                placeFreed: { mailbox.post(.resumeAccepting) }, placeWanted: {})
            let socket = try ListeningSocket(on: configuration.listen, shared: true)
            let worker = try Worker(
                settings, mailbox: mailbox, sockets: WorkerSockets(callers: socket, outgoing: nil), number: 0)
            let reload: () throws -> WorkerMessage = {
                .rules(WorkerRulesMessage(rules: rules, handover: try RulesHandover(workers: 1)))
            }
            return (worker.run, reload, { remains(of: worker, budget) })
        }

        private static func remains(of worker: Worker, _ budget: ConnectionBudget) -> [String] {
            let counts = [
                ("connections of callers", worker.context.connectionCount), ("places taken", budget.connections),
                ("connections to the upstream", worker.context.rules.pool.count),
                ("requests that wait for a connection", worker.context.rules.pool.waitingCount),
                ("parked requests", worker.context.rules.parking.count), ("buffers", worker.context.buffers.lentCount),
                ("wake-ups", worker.loop.wakeUpCount),
            ]
            return counts.compactMap { name, count in count == 0 ? nil : "\(count) \(name)" }
        }
    }
#endif
