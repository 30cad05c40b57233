import Synchronization

/// Runs an authorization server in the foreground until a signal ends it: what `scopeproxy issuer` does.
package enum IssuerLoop {
    /// Blocks until the server has ended in good order. The first SIGTERM or SIGINT drains it, a second one cuts.
    ///
    /// - Parameter supervision: by whoever started the process.
    package static func run(
        _ configuration: IssuerConfiguration, _ supervision: Supervision = Supervision()
    ) throws(IssuerStartError) {
        // Before any thread is started: they all inherit that these signals are blocked.
        let signals = try system { () throws(Errno) in try SignalReader() }
        let log = try system { () throws(Errno) in
            try LogWriter(level: configuration.logLevel, format: configuration.logFormat)
        }
        let logThread = try system { () throws(Errno) in try log.start() }
        defer {
            log.stop()
            logThread.join()
        }
        supervision.logProblems(log)
        let assembly = IssuerAssembly(configuration: configuration, log: log, reopening: AuditReopening())
        let lock = try lockState(configuration.stateDirectory)
        let store = try prepare(assembly)
        let ended = try system { () throws(Errno) in try WakeUp() }
        let mailbox = try system { () throws(Errno) in try Mailbox<ServiceCommand>() }
        let certificates = try watchCertificates(configuration, mailbox, log)
        let socket = try openSocket(configuration, supervision)
        let pulse = LoopPulse()
        let failure = ServiceFailure()
        let service = try serve(assembly, store, socket, mailbox, pulse, certificates, ended, failure)
        try system { () throws(Errno) in try certificates?.follow() }
        let keeper = try system { () throws(Errno) in try SigningKeyKeeper(store, log: log) }
        let keeperThread = try system { () throws(Errno) in try keeper.start() }
        let watchdog = try system { () throws(Errno) in try Watchdog.start(supervision.notifier, pulses: [pulse]) }
        announce(configuration, service.address, log)
        supervision.notifier.tell(.ready(status: "serving on \(service.address)"))
        let isInOrder = waitForEnd(of: service, ended, signals, assembly, certificates, supervision.notifier)
        // Whatever a thread waits for, the process does not: each file is whole at any moment.
        guard isInOrder else { return log.log(.info, "stopped") }
        signals.letThrough()
        watchdog?.end()
        service.stop()
        certificates?.stop()
        keeper.stop()
        keeperThread.join()
        _ = consume lock
        if let error = failure.error { throw .system(error) }
        log.log(.info, "stopped")
    }

    /// Makes the folder, and holds it for this process: two servers that share one would not know of each other's
    /// revocations.
    private static func lockState(_ path: String) throws(IssuerStartError) -> FileLock {
        let directory: PrivateDirectory
        do throws(PrivateDirectory.Problem) {
            directory = try PrivateDirectory(path)
        } catch {
            throw .state(path, error)
        }
        do throws(Errno) {
            if let lock = try FileLock.ifFree(directory.path(of: "lock")) { return lock }
        } catch {
            throw .file(directory.path(of: "lock"), error)
        }
        throw .stateInUse(path)
    }

    /// Makes the first key, and looks whether everything is there: what is missing is told before anybody is served.
    private static func prepare(_ assembly: IssuerAssembly) throws(IssuerStartError) -> SigningKeyStore {
        do throws(ConfigurationProblems) { _ = try assembly.readClients() } catch { throw .clients(error) }
        let store = try assembly.makeKeyStore()
        do throws(SigningKeyStore.Failure) {
            try store.maintain(at: Clock.unixTime())
            _ = try store.keys()
        } catch {
            throw .keys(error.message)
        }
        return store
    }

    private static func openSocket(
        _ configuration: IssuerConfiguration, _ supervision: Supervision
    ) throws(IssuerStartError) -> ListeningSocket {
        var inherited = supervision.sockets
        do throws(InheritedSocketsProblem) {
            let taken = try inherited.take("listen", of: ["listen"], at: configuration.listen, max: 1)
            try inherited.checkAllTaken()
            if let socket = taken.first { return socket }
        } catch {
            throw .inherited(error)
        }
        do throws(Errno) { return try ListeningSocket(on: configuration.listen, shared: false) } catch {
            throw .listen(configuration.listen, error)
        }
    }

    private static func serve(
        _ assembly: IssuerAssembly, _ store: SigningKeyStore, _ socket: ListeningSocket,
        _ mailbox: Mailbox<ServiceCommand>, _ pulse: LoopPulse, _ certificates: CertificateWatch?, _ ended: WakeUp,
        _ failure: ServiceFailure
    ) throws(IssuerStartError) -> Service {
        var tls: TLSServerContext?
        do throws(TLSFileProblem) { tls = try certificates?.initial().context } catch { throw .tls(error) }
        let opened = try system { () throws(Errno) in try Mailbox<IssuerStartError?>() }
        var options = assembly.configuration.service
        options.tls = tls
        options.connections = DescriptorBudget.affordableConnections(
            assembly.configuration, DescriptorLimit.raise(), assembly.log)
        let service = try system { () throws(Errno) in
            try Service.start(
                "issuer", on: socket, options: options, log: assembly.log, mailbox: mailbox, pulse: pulse, ended: ended,
                failed: failure.note
            ) {
                do throws(IssuerStartError) {
                    let server = try assembly.makeServer(store)
                    opened.post(nil)
                    return { requests in server.answer(requests, now: Clock.unixTime()) }
                } catch {
                    opened.post(error)
                    return { requests in requests.map { _ in .problem(503) } }
                }
            }
        }
        // Without an answer the thread has ended, which `waitForEnd` sees as well.
        try? Patience(until: .never, cancel: ended).awaitSignal(of: opened.wakeUp)
        for case .some(let error) in opened.takeAll() {
            service.stop()
            throw error
        }
        return service
    }

    private static func watchCertificates(
        _ configuration: IssuerConfiguration, _ mailbox: Mailbox<ServiceCommand>, _ log: LogWriter
    ) throws(IssuerStartError) -> CertificateWatch? {
        guard let files = configuration.tls else { return nil }
        return try system { () throws(Errno) in
            try CertificateWatch(files, board: CertificateBoard(), log: log) { mailbox.post(.tls($0)) }
        }
    }

    /// True when the service has ended in good order, false when it had to end at once.
    private static func waitForEnd(
        of service: Service, _ ended: WakeUp, _ signals: borrowing SignalReader, _ assembly: IssuerAssembly,
        _ certificates: CertificateWatch?, _ notifier: ServiceNotifier
    ) -> Bool {
        var isDraining = false
        while let signal = signals.wait(orUntil: ended) {
            switch signal {
            case .terminate where isDraining:
                cut(service, ended, assembly.log)
                return false
            case .terminate:
                isDraining = true
                notifier.tell(.stopping(status: "draining"))
                assembly.log.log(.info, "draining")
                service.drain(grace: assembly.configuration.drainGrace, for: assembly.configuration.drain)
            case .hangup:
                notifier.tell(.reloading(at: Clock.monotonic()))
                assembly.reopening.request()
                certificates?.reload()
                assembly.log.log(.info, "hangup") { line in
                    line.field("audit", assembly.configuration.auditPath)
                    line.field(
                        "hint",
                        "the next record opens the audit log anew, and says so; the configuration is read at the start "
                            + "only: restart to apply changes")
                }
                notifier.tell(.ready(status: "serving on \(service.address)"))
            }
        }
        return true
    }

    /// Ends every connection, unless the service's thread hangs: at a disk that does not answer, say.
    private static func cut(_ service: Service, _ ended: WakeUp, _ log: LogWriter) {
        service.cut()
        do throws(WaitError) {
            try Patience(until: .never, cancel: ended).atMost(.seconds(1)).awaitDeadline()
        } catch {
            return
        }
        log.log(.error, "service_hangs") { line in
            line.field("hint", "it was not waited for; look at the disks of state_dir, audit.path and clients")
        }
    }

    /// The one line that says what runs here.
    private static func announce(_ configuration: IssuerConfiguration, _ address: SocketAddress, _ log: LogWriter) {
        let issuer = configuration.server.tokens.issuer
        log.log(.info, "listening") { line in
            line.field("address", "\(configuration.tls == nil ? "http" : "https")://\(address)")
            line.field("issuer", issuer.name)
            line.field("metadata", issuer.metadataAddress)
            line.field("algorithm", configuration.signing.algorithm.name.description)
            line.field("clients", configuration.clients)
            line.field("audit", configuration.auditPath)
            line.field("version", Version.current)
            line.field("next", "scopeproxy client add makes a client, scopeproxy client list shows them")
        }
    }

    private static func system<Value: ~Copyable>(
        _ make: () throws(Errno) -> Value
    ) throws(IssuerStartError) -> Value {
        do throws(Errno) { return try make() } catch { throw .system(error) }
    }
}

/// Why the service's thread could not begin, if it could not.
private final class ServiceFailure: Sendable {
    private let state = Mutex<Errno?>(nil)

    var error: Errno? { state.withLock { $0 } }

    @Sendable func note(_ error: Errno) { state.withLock { $0 = error } }
}
