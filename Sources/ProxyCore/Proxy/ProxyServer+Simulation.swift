#if FAULT_INJECTION
    /// Other rules for a simulated worker.
    package struct SimulatedReload {
        let configuration: Configuration
        /// Connections to the upstream are kept where its number stays what it is, and so are keys.
        let upstream: Int
        let address: SocketAddress
        let keys: Int

        package init(configuration: Configuration, upstream: Int, address: SocketAddress, keys: Int) {
            self.configuration = configuration
            self.upstream = upstream
            self.address = address
            self.keys = keys
        }
    }

    /// What a test may do with a worker, on its own thread.
    package struct SimulatedWorker {
        /// Runs the worker until a message ends it.
        package let run: () -> Void
        /// Makes the message that brings other rules.
        package let reload: (SimulatedReload) throws -> WorkerMessage
        /// Lists that which a worker without callers should not have.
        package let remains: () -> [String]
        /// Counts the requests that wait for a connection though there is room, and those that wait for keys.
        package let idlers: () -> (waiting: Int, parked: Int)
    }

    extension ProxyServer {
        /// A worker without a server around it, for a test that stands in for the kernel on its own thread: to be run
        /// there. Debug builds only.
        ///
        /// - Parameters:
        ///   - upstreamConnections: how many it may have.
        ///   - keys: of the first issuer; not started, for its thread is no part of this.
        ///   - mailbox: the worker's.
        package static func simulatedWorker(
            _ configuration: Configuration, upstreamConnections: Int, upstream: SocketAddress, keys: KeySource,
            mailbox: Mailbox<WorkerMessage>, log: LogWriter
        ) throws -> SimulatedWorker {
            let budget = ConnectionBudget(max: configuration.limits.connections, maxPerAddress: nil)
            let status = try ProxyStatus(
                configuration, workers: 1, budget: budget, log: log, descriptorLimit: 1024, egressConnections: 0)
            let rules: (SimulatedReload) throws -> WorkerRules = { reload in
                var configuration = reload.configuration
                configuration.upstream.maxConnections = upstreamConnections
                let policy = try policy(of: configuration)
                return WorkerRules(
                    configuration: configuration, policy: policy,
                    upstream: UpstreamPlace(number: reload.upstream, addresses: [reload.address]),
                    keys: [SuppliedKeys(number: reload.keys, source: keys)], tls: nil,
                    counters: try status.requests.renew(ids: configuration.routes.map(\.id)), outgoing: nil)
            }
            let first = SimulatedReload(configuration: configuration, upstream: 0, address: upstream, keys: 0)
            let settings = WorkerSettings(
                rules: try rules(first), budget: budget, log: log, status: status,
                placeFreed: { mailbox.post(.resumeAccepting) }, placeWanted: {})
            let socket = try ListeningSocket(on: configuration.listen, shared: true)
            let worker = try Worker(
                settings, mailbox: mailbox, sockets: WorkerSockets(callers: socket, outgoing: nil), number: 0)
            return SimulatedWorker(
                run: worker.run,
                reload: { .rules(WorkerRulesMessage(rules: try rules($0), handover: try RulesHandover(workers: 1))) },
                remains: { remains(of: worker, budget) }, idlers: { idlers(of: worker) })
        }

        private static func idlers(of worker: Worker) -> (waiting: Int, parked: Int) {
            let pool = worker.context.rules.pool
            let hasRoom = !pool.allowance.isFull || pool.idleCount > 0
            return (hasRoom ? pool.waitingCount : 0, worker.context.rules.parking.count)
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
