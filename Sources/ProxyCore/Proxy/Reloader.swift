import Synchronization

/// Reads the configuration again when it is told to, and when one of the files has changed; makes everything that is
/// wanted for it, and hands it to the workers. One reload at a time, on a thread of its own: workers notice no more of
/// it than that they have other rules.
final class Reloader: Sendable {
    private let reloading: Reloading
    private let supplies: Supplies
    private let mailboxes: [Mailbox<WorkerMessage>]
    private let status: ProxyStatus
    private let lines: ReloadLog
    private let log: LogWriter
    private let first: Configuration
    private let firstPolicy: AccessPolicy
    private let bell: WakeUp
    private let end: WakeUp
    private let isEnding = Atomic<Bool>(false)
    private let thread = Mutex<Thread?>(nil)

    /// How long to wait for workers to take other rules. A turn of their loops takes milliseconds.
    private static let patience = Interval.seconds(10)
    /// How long until what a shortage has kept from being done is tried again.
    private static let pause = Interval.seconds(2)

    /// - Parameters:
    ///   - configuration: what is in force.
    ///   - supplies: not to be used by others while this runs.
    init(
        _ configuration: Configuration, _ policy: AccessPolicy, _ reloading: Reloading, supplies: Supplies,
        mailboxes: [Mailbox<WorkerMessage>], status: ProxyStatus, log: LogWriter
    ) throws(Errno) {
        first = configuration
        firstPolicy = policy
        self.reloading = reloading
        self.supplies = supplies
        self.mailboxes = mailboxes
        self.status = status
        self.log = log
        lines = ReloadLog(log)
        bell = try WakeUp()
        end = try WakeUp()
    }

    func start() throws(Errno) {
        let started = try Thread.start(name: "reload") { self.run() }
        thread.withLock { $0 = started }
    }

    /// Has the configuration read now, changed or not.
    func ask() { bell.signal() }

    /// No other reload is begun from now on, and the one that is under way waits for nothing any more. Returns at once.
    func endSoon() {
        isEnding.store(true, ordering: .sequentiallyConsistent)
        end.signal()
    }

    /// Ends the thread after the reload that it is at, and waits for it.
    func stop() {
        endSoon()
        thread.withLock({ $0.take() })?.join()
    }

    // MARK: - On the thread

    /// What a shortage has kept from being done.
    private enum Unfinished: Equatable {
        /// The reload, of which the log has told.
        case reload(isAsked: Bool)
        /// The rules are in force, but names of upstreams are not looked up again.
        case supplies
    }

    private func run() {
        let watch = FileWatch(bell: bell, end: end)
        var (configuration, policy) = (first, firstPolicy)
        var unfinished: Unfinished?
        watch.watch(configuration.files)
        while true {
            let isAsked: Bool
            var isRetry = false
            switch (watch.wait(for: unfinished == nil ? nil : Self.pause), unfinished) {
            case (.asked, _): isAsked = true
            case (.changed, _): isAsked = false
            case (.timedOut, .reload(let wasAsked)): (isAsked, isRetry) = (wasAsked, true)
            case (.timedOut, .supplies):
                if (try? supplies.follow()) != nil { unfinished = nil }
                continue
            case (.timedOut, nil): continue
            case (.ended, _): return
            }
            if !isRetry { reloading.began() }
            // Before they are read, so that a later change is told, and what a failed attempt leaves unread is not told
            // again and again.
            let looked = configuration.files.map { WatchedFile($0.path) }
            let began = Clock.monotonic()
            do throws(ReloadFailure) {
                // Whatever comes of the rest: certificates and keys may have been renewed.
                defer { if !isRetry { supplies.lookAtFiles(areChanged: !isAsked) } }
                let change = try reload(from: configuration, policy)
                (configuration, policy) = (change.configuration, change.policy)
                watch.watch(configuration.files)
                status.reloads.succeeded(configuration)
                lines.succeeded(change, isAsked: isAsked, took: Clock.monotonic().since(began))
                unfinished = change.isComplete ? nil : .supplies
            } catch {
                // With those that the last attempt has named: what is wrong may be in one of them.
                watch.watch(error.files + looked)
                // What an earlier one has left undone is not forgotten.
                let isFollowed = (try? supplies.follow()) != nil
                unfinished = error.mayPass ? .reload(isAsked: isAsked) : isFollowed ? nil : .supplies
                // Told once, however long it lasts.
                if !(isRetry && error.mayPass) {
                    status.reloads.failed()
                    lines.failed(error, isAsked: isAsked)
                }
            }
            if !isRetry { reloading.ended() }
        }
    }

    private func reload(from old: Configuration, _ oldPolicy: AccessPolicy) throws(ReloadFailure) -> ReloadChange {
        var configuration: Configuration
        do throws(ConfigurationProblems) { configuration = try reloading.load() } catch { throw .invalid(error) }
        let files = configuration.files
        let kept = configuration.keepWhatNeedsRestart(of: old)
        if let reason = configuration.reasonAgainstBoundTokens,
            let issuer = configuration.issuers.first(where: \.bindsAlways)
        {
            // What was valid with a listener that takes a restart would refuse everybody until then.
            throw .unusable(
                "certificate_binding of \(issuer.token.issuer) refuses every token: \(reason), which takes a restart",
                files: files, mayPass: false)
        }
        let policy: AccessPolicy
        do throws(ProxyStartError) { policy = try ProxyServer.policy(of: configuration) } catch {
            throw .unusable(error.message, files: files, mayPass: false)
        }
        let stock: Supplies.Stock
        do throws(SupplyError) { stock = try supplies.prepare(configuration, waitingUnless: end) } catch {
            throw .unusable(error.message, files: files, mayPass: error.mayPass)
        }
        let isTaken: Bool
        do throws(Errno) { isTaken = try handOver(configuration, policy, stock) } catch {
            supplies.giveUp(stock)
            throw .unusable(error.description, files: files, mayPass: true)
        }
        supplies.commit(stock)
        var isComplete = true
        do throws(Errno) { try supplies.follow() } catch {
            isComplete = false
            log.log(.error, "reload_incomplete") { $0.field("error", error.description) }
        }
        setLimits(configuration, old)
        return ReloadChange(
            configuration: configuration, policy: policy, needsRestart: kept, isTakenByAll: isTaken,
            isComplete: isComplete,
            comparison: PolicyComparison(from: oldPolicy, to: policy) { isEnding.load(ordering: .relaxed) },
            issuers: IssuerChange.all(from: old, to: configuration),
            settingsOfTrust: configuration.settingsOfTrust(otherThanIn: old))
    }

    /// Gives the workers their rules. False when one of them has not taken them in good time.
    private func handOver(
        _ configuration: Configuration, _ policy: AccessPolicy, _ stock: Supplies.Stock
    ) throws(Errno) -> Bool {
        let handover = try RulesHandover(workers: mailboxes.count)
        let counters = try status.requests.renew(ids: configuration.routes.map(\.id))
        let targets = try status.egress?.calls.renew(ids: configuration.egress?.targets.map(\.call.id) ?? [])
        let rules = stock.rules(configuration, policy, counters: counters, targetCounters: targets)
        supplies.endWatch(replacedIn: stock)
        for mailbox in mailboxes {
            let isTaken = mailbox.post(.rules(WorkerRulesMessage(rules: rules, handover: handover)))
            // A worker that has ended, having drained, judges nothing any more.
            if !isTaken { handover.take() }
        }
        do throws(WaitError) {
            try Patience(until: .never, cancel: end).atMost(Self.patience).awaitSignal(of: handover.done)
            return true
        } catch {
            // Workers that end need not take them any more.
            return error == .cancelled
        }
    }

    private func setLimits(_ configuration: Configuration, _ old: Configuration) {
        let isSame =
            configuration.limits.connections == old.limits.connections
            && configuration.limits.connectionsPerAddress == old.limits.connectionsPerAddress
            && configuration.upstream.maxConnections == old.upstream.maxConnections
            && configuration.issuers.count == old.issuers.count
            && configuration.egress?.targets.count == old.egress?.targets.count
            && configuration.egress?.maxConnections == old.egress?.maxConnections
        guard !isSame else { return }
        let limit = status.descriptorLimit
        var isAwaited = status.budget.setLimits(
            max: DescriptorBudget.affordableConnections(configuration, workers: mailboxes.count, limit, log),
            maxPerAddress: configuration.limits.connectionsPerAddress)
        if let egress = status.egress {
            let connections = DescriptorBudget.egressConnections(configuration, limit)
            isAwaited = egress.budget.setLimits(max: connections, maxPerAddress: nil) || isAwaited
        }
        guard isAwaited else { return }
        for mailbox in mailboxes { mailbox.post(.resumeAccepting) }
    }
}

/// What a reload has changed.
struct ReloadChange {
    let configuration: Configuration
    let policy: AccessPolicy
    /// The keys of what cannot change while the proxy runs, and would have.
    let needsRestart: [String]
    let isTakenByAll: Bool
    /// False when a shortage has kept something from being started that the rules can do without for a while.
    let isComplete: Bool
    let comparison: PolicyComparison
    let issuers: [IssuerChange]
    /// The keys of settings that decide whom callers are taken for, and have changed.
    let settingsOfTrust: [String]
}

/// Why a reload has changed nothing.
enum ReloadFailure: Error {
    case invalid(ConfigurationProblems)
    case unusable(String, files: [WatchedFile], mayPass: Bool)

    var files: [WatchedFile] {
        switch self {
        case .invalid(let problems): problems.files
        case .unusable(_, let files, _): files
        }
    }

    /// It may be worth while to try again though no file changes.
    var mayPass: Bool {
        switch self {
        case .invalid(let problems): problems.mayPass
        case .unusable(_, _, let mayPass): mayPass
        }
    }
}

extension SupplyError {
    var message: String {
        switch self {
        case .tls(let problem): "listen.tls: \(problem.path) \(problem.message)"
        case .system(let error): error.description
        }
    }

    /// What the system refuses here (threads, descriptors) is short for the moment.
    var mayPass: Bool {
        switch self {
        case .tls(let problem): problem.mayPass
        case .system: true
        }
    }
}
