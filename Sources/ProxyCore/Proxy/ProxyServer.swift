import Synchronization

/// Why the proxy could not start.
package enum ProxyStartError: Error, Sendable {
    case listen(SocketAddress, Errno)
    /// The address of the listener for the service's own calls.
    case egress(SocketAddress, Errno)
    /// The address of the admin listener.
    case admin(SocketAddress, Errno)
    /// The sockets that the process was started with.
    case inherited(InheritedSocketsProblem)
    /// The identity fields contradict each other.
    case identity(IdentityOptionsError)
    case routes(RouteTableError)
    /// A file of `listen.tls`.
    case tls(TLSFileProblem)
    case system(Errno)

    /// For the person who started it.
    package var message: String {
        switch self {
        case .listen(let address, let error): Self.message(address, error, key: "listen")
        case .egress(let address, let error): Self.message(address, error, key: "egress.listen")
        case .admin(let address, let error): Self.message(address, error, key: "admin")
        case .inherited(let problem): problem.message
        case .identity(let error): "identity_headers: \(error.message)"
        case .tls(let problem): "listen.tls: \(problem.path) \(problem.message)"
        case .routes: "the routes contradict each other"
        case .system(let error): error.description
        }
    }

    private static func message(_ address: SocketAddress, _ error: Errno, key: StaticString) -> String {
        error.isAddressInUse
            ? "cannot listen on \(address): another process listens there; stop it, set `reuse_port` for both to share "
                + "it, or change `\(key)`"
            : "cannot listen on \(address): \(error.message)"
    }
}

/// The running proxy: its workers, and what supplies them. Started and stopped by one thread.
package final class ProxyServer: Sendable {
    /// Where it listens, with the port that the system chose when the configuration says 0.
    package let address: SocketAddress
    /// Where the service's own calls come in, if there is such a listener.
    package let egressAddress: SocketAddress?
    package let budget: ConnectionBudget
    private let status: ProxyStatus
    private let admin: ListeningSocket?
    private let adminService = Mutex<Service?>(nil)
    private let mailboxes: [Mailbox<WorkerMessage>]
    private let supplies: Supplies
    private let reloader = Mutex<Reloader?>(nil)
    private let log: LogWriter
    private let threads = Mutex<[Thread]>([])
    private let running: Atomic<Int>
    private let firstFailure = Mutex<Errno?>(nil)
    /// Signalled when the last worker has ended.
    package let ended: WakeUp

    private init(
        _ sockets: [WorkerSockets], admin: ListeningSocket?, status: ProxyStatus, log: LogWriter
    ) throws(Errno) {
        address = sockets[0].callers.address
        egressAddress = sockets[0].outgoing?.address
        self.admin = admin
        self.status = status
        budget = status.budget
        var mailboxes: [Mailbox<WorkerMessage>] = []
        for _ in sockets { mailboxes.append(try Mailbox()) }
        self.mailboxes = mailboxes
        supplies = Supplies(status: status, mailboxes: mailboxes, log: log)
        self.log = log
        running = Atomic(mailboxes.count)
        ended = try WakeUp()
    }

    // MARK: - Starting

    /// Opens the sockets, starts the key sources and the workers. Signals have to be blocked in the calling thread,
    /// since all of these inherit that.
    ///
    /// - Parameters:
    ///   - inherited: sockets that the process was started with.
    ///   - reloading: how the configuration is read again; by default only the files are that it names.
    ///   - descriptorLimit: how many descriptors the process may have open.
    package static func start(
        _ configuration: Configuration, log: LogWriter, inherited: InheritedSockets = InheritedSockets(),
        reloading: Reloading? = nil,
        descriptorLimit: Int = DescriptorLimit.raise()
    ) throws(ProxyStartError) -> ProxyServer {
        let policy = try policy(of: configuration)
        let (sockets, admin) = try ProxySockets.open(configuration, inherited)
        let server: ProxyServer
        do throws(Errno) {
            let connections = DescriptorBudget.affordableConnections(
                configuration, workers: sockets.count, descriptorLimit, log)
            let budget = ConnectionBudget(
                max: connections, maxPerAddress: configuration.limits.connectionsPerAddress)
            let status = try ProxyStatus(
                configuration, workers: sockets.count, budget: budget, log: log, descriptorLimit: descriptorLimit,
                egressConnections: DescriptorBudget.egressConnections(configuration, descriptorLimit))
            server = try ProxyServer(sockets, admin: admin, status: status, log: log)
        } catch {
            throw .system(error)
        }
        do throws(ProxyStartError) {
            try server.start(configuration, policy, sockets, reloading ?? Reloading(unchanging: configuration))
        } catch {
            // What runs already.
            server.cut()
            server.join()
            throw error
        }
        return server
    }

    /// The rules by which requests are judged.
    static func policy(of configuration: Configuration) throws(ProxyStartError) -> AccessPolicy {
        let table: RouteTable
        do throws(RouteTableError) { table = try RouteTable(configuration.routes) } catch { throw .routes(error) }
        do throws(IdentityOptionsError) {
            let identity = try IdentityFields(configuration.identityHeaders)
            return AccessPolicy(table: table, identity: identity, mode: configuration.mode)
        } catch {
            throw .identity(error)
        }
    }

    private func start(
        _ configuration: Configuration, _ policy: AccessPolicy, _ sockets: [WorkerSockets], _ reloading: Reloading
    ) throws(ProxyStartError) {
        do throws(SupplyError) {
            // First, so that probes are answered while names are looked up and keys are fetched.
            do throws(Errno) { try startAdmin() } catch { throw .system(error) }
            // Keys of this machine are in the mailboxes before a worker looks at its first request.
            let stock = try supplies.prepare(configuration, waitingUnless: nil)
            do throws(Errno) {
                try startWorkers(configuration, policy, sockets, stock)
            } catch {
                supplies.giveUp(stock)
                throw .system(error)
            }
            do throws(Errno) { try startReloader(configuration, policy, reloading) } catch { throw .system(error) }
        } catch {
            switch error {
            case .tls(let problem): throw .tls(problem)
            case .system(let error): throw .system(error)
            }
        }
        status.state.serve()
    }

    private func startWorkers(
        _ configuration: Configuration, _ policy: AccessPolicy, _ sockets: [WorkerSockets], _ stock: Supplies.Stock
    ) throws(Errno) {
        let rules = stock.rules(
            configuration, policy, counters: status.requests.current, targetCounters: status.egress?.calls.current)
        let all = mailboxes
        let settings = WorkerSettings(
            rules: rules, budget: budget, log: log, status: status,
            placeFreed: { for mailbox in all { mailbox.post(.resumeAccepting) } },
            placeWanted: { if all.count > 1 { for mailbox in all { mailbox.post(.makeRoom) } } })
        for (index, sockets) in sockets.enumerated() {
            let mailbox = mailboxes[index]
            let thread = try Thread.start(name: "worker-\(index)") {
                self.runWorker(settings, mailbox, sockets, number: index)
            }
            threads.withLock { $0.append(thread) }
        }
        supplies.commit(stock)
        try supplies.follow()
    }

    private func startReloader(
        _ configuration: Configuration, _ policy: AccessPolicy, _ reloading: Reloading
    ) throws(Errno) {
        let reloader = try Reloader(
            configuration, policy, reloading, supplies: supplies, mailboxes: mailboxes, status: status, log: log)
        try reloader.start()
        self.reloader.withLock { $0 = reloader }
    }

    private func startAdmin() throws(Errno) {
        guard let admin else { return }
        var options = ServiceOptions()
        // Of operators' programs there are few; and each takes a descriptor of those that are kept in reserve.
        options.connections = 32
        // So that those who only hold connections cannot keep probes out for long.
        options.keepAliveIdle = .seconds(5)
        // They are near, and send a request in one piece.
        options.keepAliveMin = .milliseconds(100)
        options.fullHint = "let probes and scrapers alone reach the admin listener"
        let pages = AdminPages(status)
        let service = try Service.start(
            "admin", on: admin, options: options, log: log, failed: { [weak self] in self?.fail($0) },
            makeHandler: { { requests in requests.map(pages.answer) } })
        adminService.withLock { $0 = service }
    }

    /// Where the admin listener is, if there is one.
    package var adminAddress: SocketAddress? { admin?.address }

    /// The whole life of a worker's thread.
    private func runWorker(
        _ settings: WorkerSettings, _ mailbox: Mailbox<WorkerMessage>, _ sockets: WorkerSockets, number: Int
    ) {
        do throws(Errno) {
            let worker = try Worker(settings, mailbox: mailbox, sockets: sockets, number: number)
            worker.run()
        } catch {
            // A proxy with fewer workers than its sockets would leave the connections of the others unanswered.
            fail(error)
        }
        // Whoever waits until all workers judge by other rules waits for none that judges nothing any more.
        for case .rules(let message) in mailbox.close() { message.handover.take() }
        if running.wrappingSubtract(1, ordering: .sequentiallyConsistent).newValue == 0 { ended.signal() }
    }

    /// Ends everything, as at the start when a socket is not to be had. A proxy whose admin listener does not answer
    /// would be taken for dead by those who probe it, and watched by nobody.
    private func fail(_ error: Errno) {
        firstFailure.withLock { $0 = $0 ?? error }
        cut()
    }

    /// Why a worker or the admin listener could not start; then all have ended. To be asked after `ended`.
    package var failure: Errno? { firstFailure.withLock { $0 } }

    /// Has the configuration read again, with all that it names, changed or not. Returns at once; the log tells what
    /// came of it.
    package func reload() { reloader.withLock { $0 }?.ask() }

    /// Those in force now.
    var timeouts: Timeouts { status.reloads.current.timeouts }

    /// Of each worker's loop.
    var pulses: [LoopPulse] { status.pulses }

    // MARK: - Stopping

    /// Goes on accepting for `timeouts.drain_grace_seconds`, then lets what is under way end, for at most
    /// `timeouts.drain_seconds`; each response is the last one on its connection. What is asked meanwhile is judged by
    /// the rules of the time: it goes on being reloaded. Returns at once; `ended` tells when.
    package func drain() {
        status.state.drain()
        for mailbox in mailboxes { mailbox.post(.drain) }
    }

    /// Ends all connections now.
    package func cut() {
        reloader.withLock { $0 }?.endSoon()
        status.state.drain()
        for mailbox in mailboxes { mailbox.post(.cut) }
    }

    /// Waits for all threads after `drain` or `cut`. To be called once.
    package func join() {
        reloader.withLock({ $0.take() })?.stop()
        supplies.stop()
        for thread in threads.withLock({ $0 }) { thread.join() }
        // Last, so that what ends can be watched to its end.
        adminService.withLock({ $0.take() })?.stop()
    }
}
