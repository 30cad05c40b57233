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

/// The running proxy: its workers, key sources and look-ups. Started and stopped by one thread.
package final class ProxyServer: Sendable {
    /// Where it listens, with the port that the system chose when the configuration says 0.
    package let address: SocketAddress
    package let budget: ConnectionBudget
    private let status: ProxyStatus
    private let admin: ListeningSocket?
    private let adminService = Mutex<Service?>(nil)
    private let mailboxes: [Mailbox<WorkerMessage>]
    private let keySources: [KeySource?]
    private let upstreamAddresses: UpstreamAddresses
    private let certificates: CertificateWatch?
    private let egress: EgressServer?
    private let log: LogWriter
    private let threads = Mutex<[Thread]>([])
    private let running: Atomic<Int>
    private let workerFailure = Mutex<Errno?>(nil)
    /// Signalled when the last worker has ended.
    package let ended: WakeUp

    private init(
        address: SocketAddress, admin: ListeningSocket?, status: ProxyStatus, mailboxes: [Mailbox<WorkerMessage>],
        keySources: [KeySource?], upstreamAddresses: UpstreamAddresses, certificates: CertificateWatch?,
        egress: EgressServer?, log: LogWriter
    ) throws(Errno) {
        self.address = address
        self.admin = admin
        self.status = status
        budget = status.budget
        self.mailboxes = mailboxes
        self.keySources = keySources
        self.upstreamAddresses = upstreamAddresses
        self.certificates = certificates
        self.egress = egress
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
    ///   - descriptorLimit: how many descriptors the process may have open.
    package static func start(
        _ configuration: Configuration, log: LogWriter, inherited: InheritedSockets = InheritedSockets(),
        descriptorLimit: Int = DescriptorLimit.raise()
    ) throws(ProxyStartError) -> ProxyServer {
        let policy = try policy(of: configuration)
        let (sockets, admin) = try ProxySockets.open(configuration, inherited)
        let server: ProxyServer
        do throws(Errno) {
            let connections = affordableConnections(configuration, workers: sockets.count, descriptorLimit, log)
            let budget = ConnectionBudget(
                max: connections, maxPerAddress: configuration.limits.connectionsPerAddress)
            let status = try ProxyStatus(
                configuration, workers: sockets.count, budget: budget, log: log, descriptorLimit: descriptorLimit,
                egressConnections: egressConnections(configuration, descriptorLimit))
            server = try make(configuration, sockets, admin, status, log)
        } catch {
            throw .system(error)
        }
        var tls: TLSServerContext?
        do throws(TLSFileProblem) { tls = try server.certificates?.initial() } catch { throw .tls(error) }
        do throws(Errno) {
            try server.startThreads(configuration, policy, tls, sockets)
        } catch {
            // Those that run already.
            server.cut()
            server.join()
            throw .system(error)
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

    /// `egress.max_connections`, or as many as an eighth of the descriptors.
    private static func egressConnections(_ configuration: Configuration, _ descriptorLimit: Int) -> Int {
        configuration.egress.map { min($0.maxConnections, max(16, descriptorLimit / 8)) } ?? 0
    }

    /// `limits.connections`, or as many as there are descriptors for.
    private static func affordableConnections(
        _ configuration: Configuration, workers: Int, _ descriptorLimit: Int, _ log: LogWriter
    ) -> Int {
        let wanted = configuration.limits.connections
        // Each connection of the service's takes one to a target.
        let outgoing = 2 * egressConnections(configuration, descriptorLimit)
        let budget = DescriptorBudget(
            limit: max(0, descriptorLimit - outgoing), workers: workers,
            upstreamPerWorker: configuration.upstream.maxConnections,
            issuers: configuration.issuers.count + (configuration.egress?.targets.count ?? 0))
        guard budget.connectionsMax < wanted else { return wanted }
        log.log(.warn, "connections_lowered") { line in
            line.field("configured", wanted)
            line.field("allowed", budget.connectionsMax)
            line.field("open_files", descriptorLimit)
            line.field(
                "hint",
                "raise the hard limit of open files (ulimit -Hn, LimitNOFILE= of systemd), or lower limits.connections "
                    + "or upstream.max_connections")
        }
        return budget.connectionsMax
    }

    private static func make(
        _ configuration: Configuration, _ sockets: [WorkerSockets], _ admin: ListeningSocket?,
        _ status: ProxyStatus, _ log: LogWriter
    ) throws(Errno) -> ProxyServer {
        var mailboxes: [Mailbox<WorkerMessage>] = []
        for _ in sockets { mailboxes.append(try Mailbox()) }
        let all = mailboxes
        var keySources: [KeySource?] = []
        for (index, issuer) in configuration.issuers.enumerated() {
            let settings = KeySourceSettings(
                issuer: index, issuerName: issuer.token.issuer, origin: issuer.keys, refresh: issuer.refresh,
                stateDirectory: configuration.stateDirectory, access: issuer.access)
            let lines = KeySourceLog(log, issuer: issuer.token.issuer)
            let publish: KeySource.Publish = { snapshot in
                for mailbox in all { mailbox.post(.keys(snapshot)) }
                status.keys.install(snapshot)
            }
            let tell: KeySource.Log = { event in
                status.keys.note(event, issuer: index, now: Clock.unixTime())
                lines.write(event)
            }
            keySources.append(try KeySource(settings, publish: publish, log: tell))
        }
        let addresses = try UpstreamAddresses(configuration.upstream.address, log: log) { found in
            for mailbox in all { mailbox.post(.upstreamAddresses(found)) }
        }
        var certificates: CertificateWatch?
        if let files = configuration.listenTLS {
            certificates = try CertificateWatch(files, board: status.certificates, log: log) { context in
                for mailbox in all { mailbox.post(.tls(context)) }
            }
        }
        return try ProxyServer(
            address: sockets[0].callers.address, admin: admin, status: status, mailboxes: mailboxes,
            keySources: keySources, upstreamAddresses: addresses, certificates: certificates,
            egress: makeEgress(configuration, sockets, status, mailboxes, log), log: log)
    }

    private static func makeEgress(
        _ configuration: Configuration, _ sockets: [WorkerSockets], _ status: ProxyStatus,
        _ mailboxes: [Mailbox<WorkerMessage>], _ log: LogWriter
    ) throws(Errno) -> EgressServer? {
        guard let settings = configuration.egress, let status = status.egress, let socket = sockets[0].outgoing else {
            return nil
        }
        return try EgressServer(settings, address: socket.address, status: status, mailboxes: mailboxes, log: log)
    }

    private func startThreads(
        _ configuration: Configuration, _ policy: AccessPolicy, _ tls: TLSServerContext?, _ sockets: [WorkerSockets]
    ) throws(Errno) {
        // First, so that probes are answered while names are looked up and keys are fetched.
        try startAdmin()
        let known = upstreamAddresses.initial()
        // Keys of this machine are in the mailboxes before a worker looks at its first request.
        for source in keySources { try source?.start() }
        let outgoing = try egress?.start()
        let all = mailboxes
        let settings = WorkerSettings(
            configuration: configuration, policy: policy, addresses: known, tls: tls, budget: budget,
            keySources: keySources, log: log, status: status, outgoing: outgoing,
            placeFreed: { for mailbox in all { mailbox.post(.resumeAccepting) } },
            placeWanted: { if all.count > 1 { for mailbox in all { mailbox.post(.makeRoom) } } })
        for (index, sockets) in sockets.enumerated() {
            let mailbox = mailboxes[index]
            let thread = try Thread.start(name: "worker-\(index)") {
                self.runWorker(settings, mailbox, sockets, number: index)
            }
            threads.withLock { $0.append(thread) }
        }
        if let thread = try upstreamAddresses.start(known: known) { threads.withLock { $0.append(thread) } }
        if let certificates {
            let thread = try certificates.start()
            threads.withLock { $0.append(thread) }
        }
        status.state.serve()
    }

    private func startAdmin() throws(Errno) {
        guard let admin else { return }
        var options = ServiceOptions()
        // Of operators' programs there are few; and each takes a descriptor of those that are kept in reserve.
        options.connections = 32
        // So that those who only hold connections cannot keep probes out for long.
        options.keepAliveIdle = .seconds(5)
        let pages = AdminPages(status)
        let service = try Service.start("admin", on: admin, options: options, log: log) { pages.answer }
        adminService.withLock { $0 = service }
    }

    /// Where the admin listener is, if there is one.
    package var adminAddress: SocketAddress? { admin?.address }

    /// Where the service's own calls come in, if there is such a listener.
    package var egressAddress: SocketAddress? { egress?.address }

    /// The whole life of a worker's thread.
    private func runWorker(
        _ settings: WorkerSettings, _ mailbox: Mailbox<WorkerMessage>, _ sockets: WorkerSockets, number: Int
    ) {
        do throws(Errno) {
            let worker = try Worker(settings, mailbox: mailbox, sockets: sockets, number: number)
            worker.run()
        } catch {
            // A proxy with fewer workers than its sockets would leave the connections of the others unanswered.
            workerFailure.withLock { $0 = error }
            cut()
        }
        if running.wrappingSubtract(1, ordering: .sequentiallyConsistent).newValue == 0 { ended.signal() }
    }

    /// Why a worker could not start; then all have ended. To be asked after `ended`.
    package var failure: Errno? { workerFailure.withLock { $0 } }

    /// Has certificates and their keys read again, changed or not. False when there are none.
    package func reloadCertificates() -> Bool {
        certificates?.reload()
        return certificates != nil
    }

    /// Of each worker's loop.
    var pulses: [LoopPulse] { status.pulses }

    // MARK: - Stopping

    /// Goes on accepting for `timeouts.drain_grace_seconds`, then lets what is under way end, for at most
    /// `timeouts.drain_seconds`; each response is the last one on its connection. Returns at once; `ended` tells when.
    package func drain() {
        status.state.drain()
        for mailbox in mailboxes { mailbox.post(.drain) }
    }

    /// Ends all connections now.
    package func cut() {
        status.state.drain()
        for mailbox in mailboxes { mailbox.post(.cut) }
    }

    /// Waits for all threads after `drain` or `cut`. To be called once.
    package func join() {
        upstreamAddresses.stop()
        certificates?.stop()
        for source in keySources { source?.stop() }
        egress?.stop()
        for thread in threads.withLock({ $0 }) { thread.join() }
        // Last, so that what ends can be watched to its end.
        adminService.withLock({ $0.take() })?.stop()
    }
}
