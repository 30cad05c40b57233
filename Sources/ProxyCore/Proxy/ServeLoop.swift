import Synchronization

/// Runs the proxy in the foreground until a signal ends it: what `scopeproxy serve` does.
package enum ServeLoop {
    /// Blocks until the proxy has ended in good order. The first SIGTERM or SIGINT drains it, a second one cuts.
    ///
    /// - Parameters:
    ///   - supervision: by whoever started the process.
    ///   - reloading: how the configuration is read again on SIGHUP, and when a file changes; nil where it cannot be.
    package static func run(
        _ configuration: Configuration, _ supervision: Supervision = Supervision(), _ reloading: Reloading? = nil
    ) throws(ProxyStartError) {
        // Before any thread is started: they all inherit that these signals are blocked.
        let signals = try openSignals()
        let (log, logThread) = try openLog(configuration)
        defer {
            log.stop()
            logThread.join()
        }
        supervision.logProblems(log)
        let notifier = supervision.notifier
        var reloading = reloading ?? Reloading(unchanging: configuration)
        let notices = ReloadNotices(notifier)
        reloading.began = { notices.tell(.reloading(at: Clock.monotonic())) }
        reloading.ended = { notices.tell(.ready(status: "serving")) }
        let server = try ProxyServer.start(
            configuration, log: log, inherited: supervision.sockets, reloading: reloading)
        let watchdog = try Self.watchdog(notifier, server)
        announce(configuration, server, log)
        notifier.tell(.ready(status: "serving on \(server.address)"))
        waitForEnd(of: server, signals, log, notices)
        watchdog?.end()
        server.join()
        if let failure = server.failure { throw .system(failure) }
        log.log(.info, "stopped")
    }

    private static func openSignals() throws(ProxyStartError) -> SignalReader {
        do throws(Errno) { return try SignalReader() } catch { throw .system(error) }
    }

    private static func openLog(_ configuration: Configuration) throws(ProxyStartError) -> (LogWriter, Thread) {
        do throws(Errno) {
            let log = try LogWriter(
                level: configuration.logLevel, format: configuration.logFormat, whenFull: configuration.logWhenFull)
            return (log, try log.start())
        } catch {
            throw .system(error)
        }
    }

    private static func watchdog(
        _ notifier: ServiceNotifier, _ server: ProxyServer
    ) throws(ProxyStartError) -> Watchdog? {
        do throws(Errno) { return try Watchdog.start(notifier, pulses: server.pulses) } catch { throw .system(error) }
    }

    private static func waitForEnd(
        of server: ProxyServer, _ signals: borrowing SignalReader, _ log: LogWriter, _ notices: ReloadNotices
    ) {
        var isDraining = false
        while let signal = signals.wait(orUntil: server.ended) {
            switch signal {
            case .terminate where isDraining:
                log.limitWaiting(to: Interval(nanoseconds: 0))
                server.cut()
            case .terminate:
                isDraining = true
                let timeouts = server.timeouts
                // A log that nobody reads is no reason to stay.
                log.limitWaiting(to: timeouts.drainTotal)
                let connections = server.budget.connections
                notices.end(with: .stopping(status: "draining \(connections) connections"))
                server.drain()
                log.log(.info, "draining") { line in
                    line.field("connections", connections)
                    if timeouts.drainGrace > .zero { line.field("grace_ms", timeouts.drainGrace.milliseconds) }
                }
            // Also while it drains: what is still asked is judged by the rules of the time.
            case .hangup: server.reload()
            }
        }
    }

    /// The one line that says what runs here.
    private static func announce(_ configuration: Configuration, _ server: ProxyServer, _ log: LogWriter) {
        log.log(.info, "listening") { line in
            line.field("address", "\(configuration.listenTLS == nil ? "http" : "https")://\(server.address)")
            if let admin = server.adminAddress { line.field("admin", "http://\(admin)") }
            if let egress = server.egressAddress { line.field("egress", "http://\(egress)") }
            line.field("upstream", configuration.upstream.description)
            line.field("issuers", configuration.issuers.map(\.token.issuer).joined(separator: " "))
            line.field("routes", configuration.routes.count)
            line.field("mode", configuration.mode == .enforce ? "enforce" : "observe")
            let workers = configuration.workers ?? ProcessorCount.usable()
            line.field("workers", workers)
            let memory = MemoryBound(configuration, workers: workers, connections: server.budget.max)
            line.field("memory_max_mib", memory.mebibytes)
            line.field("version", Version.current)
            line.field("next", "scopeproxy check FILE shows the table, scopeproxy explain FILE METHOD PATH a decision")
        }
    }
}

/// Tells the service manager of reloads, as long as the end has not been told: that is the last word.
private final class ReloadNotices: Sendable {
    private let notifier: ServiceNotifier
    private let hasEnded = Mutex(false)

    init(_ notifier: ServiceNotifier) { self.notifier = notifier }

    func tell(_ notice: ServiceNotifier.Notice) { hasEnded.withLock { if !$0 { notifier.tell(notice) } } }

    func end(with notice: ServiceNotifier.Notice) {
        hasEnded.withLock { hasEnded in
            hasEnded = true
            notifier.tell(notice)
        }
    }
}
