import Synchronization

/// Why the workers cannot be supplied with what a configuration names.
enum SupplyError: Error {
    case tls(TLSFileProblem)
    case system(Errno)
}

/// What feeds the workers from threads of its own: keys, tokens, addresses and certificates. From one configuration to
/// the next those are kept whose settings are the same, with all that they have.
///
/// Used by one thread at a time: the one that starts the proxy, then the one that reloads, then the one that stops it.
final class Supplies: Sendable {
    private let status: ProxyStatus
    private let mailboxes: [Mailbox<WorkerMessage>]
    private let log: LogWriter
    private let tickets = TicketKeyRing()
    private let current = Mutex(Stock())

    /// All that is running for one configuration.
    struct Stock: Sendable {
        var keys: [KeySupply] = []
        var tokens: [TokenSupply] = []
        /// The application's, then those of the targets.
        var upstreams: [UpstreamSupply] = []
        var certificates: CertificateSupply?
        /// Numbers are never used twice.
        var nextNumber = 0
    }

    init(status: ProxyStatus, mailboxes: [Mailbox<WorkerMessage>], log: LogWriter) {
        self.status = status
        self.mailboxes = mailboxes
        self.log = log
    }

    // MARK: - From one configuration to the next

    /// Supplies for a configuration: those that are there, and others, which are started. Nothing is stopped and no
    /// worker knows of it before `commit`; `giveUp` undoes it.
    ///
    /// - Parameter cancel: waits, for a short while, until there is word of the keys of new sources, or until this is
    ///   signalled; nil at the start, which nothing holds up.
    func prepare(_ configuration: Configuration, waitingUnless cancel: WakeUp?) throws(SupplyError) -> Stock {
        let before = current.withLock { $0 }
        var stock = Stock()
        stock.nextNumber = before.nextNumber
        do throws(SupplyError) {
            try prepareCertificates(configuration, before, &stock)
            do throws(Errno) {
                let arrivals = try KeyArrivals()
                try prepareKeys(configuration, before, &stock, cancel == nil ? nil : arrivals)
                try prepareTokens(configuration, before, &stock)
                try prepareUpstreams(configuration, before, &stock)
                if let cancel { arrivals.await(unless: cancel) }
            } catch {
                throw .system(error)
            }
        } catch {
            giveUp(stock)
            throw error
        }
        return stock
    }

    /// Stops what was started for a configuration that does not come into force.
    func giveUp(_ stock: Stock) {
        let before = current.withLock { current in
            current.nextNumber = stock.nextNumber
            return current
        }
        Self.stop(stock, keeping: before)
    }

    /// Ends a watch over certificates that others take the place of, before the workers have those: what it would still
    /// tell is not to be taken for newer.
    func endWatch(replacedIn stock: Stock) {
        let before = current.withLock { $0.certificates }
        if let watch = before?.watch, watch !== stock.certificates?.watch { watch.stop() }
    }

    /// From now on these: the workers have them. Stops what is no longer among them. `follow` comes next.
    func commit(_ stock: Stock) {
        let before = current.withLock { current in
            let before = current
            current = stock
            return before
        }
        status.keys.commit(stock.keys.map(\.number))
        status.egress?.tokens.commit(stock.tokens.map(\.number))
        Self.stop(before, keeping: stock)
        if let loaded = stock.certificates?.loaded { status.certificates.install(loaded.certificates) }
    }

    /// Starts what looks after names and certificates from now on, as far as it does not run yet. Throws the first
    /// error after all is done that can be; then to be called again.
    func follow() throws(Errno) {
        let stock = current.withLock { $0 }
        var failure: Errno?
        func attempt(_ follow: () throws(Errno) -> Void) {
            do throws(Errno) { try follow() } catch { failure = failure ?? error }
        }
        for upstream in stock.upstreams {
            attempt { () throws(Errno) in try upstream.addresses.follow(known: upstream.known) }
        }
        attempt { () throws(Errno) in try stock.certificates?.watch.follow() }
        if let failure { throw failure }
    }

    /// Has files read again that are looked at regularly: now, changed or not.
    func lookAtFiles(areChanged: Bool) {
        let stock = current.withLock { $0 }
        for keys in stock.keys {
            if case .file = keys.settings.keys { _ = keys.source.requestRefetch() }
        }
        if areChanged { stock.certificates?.watch.look() } else { stock.certificates?.watch.reload() }
    }

    var hasCertificates: Bool { current.withLock { $0.certificates != nil } }

    /// Ends all threads and waits for them.
    func stop() {
        let stock = current.withLock { current in
            let stock = current
            current = Stock()
            return stock
        }
        Self.stop(stock, keeping: Stock())
    }

    private static func stop(_ stock: Stock, keeping other: Stock) {
        for keys in stock.keys where !other.keys.contains(where: { $0.number == keys.number }) { keys.source.stop() }
        for tokens in stock.tokens where !other.tokens.contains(where: { $0.number == tokens.number }) {
            tokens.source.stop()
        }
        for upstream in stock.upstreams where !other.upstreams.contains(where: { $0.number == upstream.number }) {
            upstream.addresses.stop()
        }
        if let watch = stock.certificates?.watch, watch !== other.certificates?.watch { watch.stop() }
    }

    // MARK: - The parts

    private func prepareCertificates(
        _ configuration: Configuration, _ before: Stock, _ stock: inout Stock
    ) throws(SupplyError) {
        guard let files = configuration.listenTLS else { return }
        if let kept = before.certificates, kept.settings == files {
            stock.certificates = CertificateSupply(settings: files, watch: kept.watch, loaded: nil)
            return
        }
        let mailboxes = mailboxes
        let watch: CertificateWatch
        do throws(Errno) {
            watch = try CertificateWatch(files, tickets: tickets, board: status.certificates, log: log) { context in
                for mailbox in mailboxes { mailbox.post(.tls(context)) }
            }
        } catch {
            throw .system(error)
        }
        do throws(TLSFileProblem) {
            let loaded = try watch.initial()
            stock.certificates = CertificateSupply(settings: files, watch: watch, loaded: loaded)
        } catch {
            throw .tls(error)
        }
    }

    private func prepareKeys(
        _ configuration: Configuration, _ before: Stock, _ stock: inout Stock, _ arrivals: KeyArrivals?
    ) throws(Errno) {
        for issuer in configuration.issuers {
            let kept = before.keys.first { known in
                known.settings.hasSameKeys(as: issuer) && !stock.keys.contains { $0.number == known.number }
            }
            if let kept {
                stock.keys.append(KeySupply(number: kept.number, settings: issuer, source: kept.source))
                continue
            }
            let number = stock.takeNumber()
            let source = try makeKeySource(issuer, number, configuration.stateDirectory, arrivals)
            // Before it is started: what is in the stock is stopped if anything fails.
            stock.keys.append(KeySupply(number: number, settings: issuer, source: source))
            try source.start()
        }
    }

    private func makeKeySource(
        _ issuer: IssuerSettings, _ number: Int, _ stateDirectory: String?, _ arrivals: KeyArrivals?
    ) throws(Errno) -> KeySource {
        let settings = KeySourceSettings(
            issuer: number, issuerName: issuer.token.issuer, origin: issuer.keys, refresh: issuer.refresh,
            stateDirectory: stateDirectory, access: issuer.access)
        let (board, mailboxes) = (status.keys, mailboxes)
        board.add(number, issuer: issuer.token.issuer, countsForReadiness: arrivals == nil)
        arrivals?.expect()
        let lines = KeySourceLog(log, issuer: issuer.token.issuer)
        return try KeySource(
            settings,
            publish: { snapshot in
                for mailbox in mailboxes { mailbox.post(.keys(snapshot)) }
                if board.install(snapshot) { arrivals?.arrived() }
            },
            log: { event in
                board.note(event, issuer: number, now: Clock.unixTime())
                lines.write(event)
            })
    }

    private func prepareTokens(
        _ configuration: Configuration, _ before: Stock, _ stock: inout Stock
    ) throws(Errno) {
        guard let board = status.egress?.tokens else { return }
        for target in configuration.egress?.targets ?? [] {
            let call = target.call
            let kept = before.tokens.first { $0.target == call.id && $0.client == call.client }
            if let kept {
                stock.tokens.append(kept)
                continue
            }
            let number = stock.takeNumber()
            board.add(number, target: call.id)
            let (lines, mailboxes) = (TokenSourceLog(log, target: call.id), mailboxes)
            let source = try TokenSource(
                target: number, call.client,
                publish: { snapshot in
                    for mailbox in mailboxes { mailbox.post(.token(snapshot)) }
                    board.install(snapshot)
                },
                log: { event in
                    board.note(event, target: number, now: Clock.unixTime())
                    lines.write(event)
                })
            stock.tokens.append(TokenSupply(number: number, target: call.id, client: call.client, source: source))
            try source.start()
        }
    }

    /// Waits for the first look-ups of names, all at the same time.
    private func prepareUpstreams(
        _ configuration: Configuration, _ before: Stock, _ stock: inout Stock
    ) throws(Errno) {
        let targets = status.egress == nil ? [] : configuration.egress?.targets.map(\.upstream) ?? []
        var fresh: [Int] = []
        for (place, settings) in ([configuration.upstream] + targets).enumerated() {
            // The application's connections are not those of targets, though they may lead to the same place.
            let candidates = place == 0 ? before.upstreams.prefix(1) : before.upstreams.dropFirst(1)
            let kept = candidates.first { known in
                known.settings.isReached(as: settings) && !stock.upstreams.contains { $0.number == known.number }
            }
            if let kept {
                stock.upstreams.append(kept)
                continue
            }
            let number = stock.takeNumber()
            let mailboxes = mailboxes
            let addresses = try UpstreamAddresses(settings.address, log: log) { found in
                for mailbox in mailboxes { mailbox.post(.addresses(upstream: number, found)) }
            }
            stock.upstreams.append(
                UpstreamSupply(number: number, settings: settings, addresses: addresses, known: []))
            fresh.append(place)
        }
        let found = try FoundAddresses.lookUp(fresh.map { stock.upstreams[$0].addresses })
        for (place, addresses) in zip(fresh, found) { stock.upstreams[place].known = addresses }
    }
}

/// An issuer's keys and what their source was made from.
struct KeySupply: Sendable {
    let number: Int
    let settings: IssuerSettings
    let source: KeySource
}

/// A target's tokens, likewise.
struct TokenSupply: Sendable {
    let number: Int
    let target: String
    let client: TokenClient
    let source: TokenSource
}

/// Where an upstream is, likewise.
struct UpstreamSupply: Sendable {
    let number: Int
    let settings: UpstreamSettings
    let addresses: UpstreamAddresses
    /// What the first look-up has found.
    var known: [SocketAddress]
}

/// The certificates for callers, likewise.
struct CertificateSupply: Sendable {
    let settings: ListenTLSSettings
    let watch: CertificateWatch
    /// What connections begin with from now on; nil when that has not changed.
    let loaded: LoadedTLS?
}

extension Supplies.Stock {
    fileprivate mutating func takeNumber() -> Int {
        nextNumber += 1
        return nextNumber - 1
    }

    /// What workers make their rules from.
    ///
    /// - Parameters:
    ///   - counters: of each worker, by route.
    ///   - targetCounters: of each worker, by target of the service's own calls; nil when these do not come through us.
    func rules(
        _ configuration: Configuration, _ policy: AccessPolicy, counters: [RouteCounters],
        targetCounters: [RouteCounters]?
    ) -> WorkerRules {
        let places = upstreams.map { UpstreamPlace(number: $0.number, addresses: $0.known) }
        var outgoing: OutgoingRules?
        if let egress = configuration.egress, let targetCounters {
            outgoing = OutgoingRules(
                egress: egress,
                table: TargetTable(egress.targets.map(\.call.match), acceptsAnyHost: egress.allowsRemote),
                tokens: tokens.map { SuppliedTokens(number: $0.number, source: $0.source) },
                upstreams: Array(places.dropFirst()), counters: targetCounters)
        }
        return WorkerRules(
            configuration: configuration, policy: policy, upstream: places[0],
            keys: keys.map { SuppliedKeys(number: $0.number, source: $0.source) }, tls: certificates?.loaded?.context,
            counters: counters, outgoing: outgoing)
    }
}

/// The results of look-ups that run at the same time.
private final class FoundAddresses: Sendable {
    private let addresses: Mutex<[[SocketAddress]]>

    private init(count: Int) { addresses = Mutex(Array(repeating: [], count: count)) }

    static func lookUp(_ upstreams: [UpstreamAddresses]) throws(Errno) -> [[SocketAddress]] {
        let found = FoundAddresses(count: upstreams.count)
        var lookUps: [Thread] = []
        defer { for lookUp in lookUps { lookUp.join() } }
        for (index, upstream) in upstreams.enumerated() {
            lookUps.append(
                try Thread.start(name: "upstream-name") {
                    let first = upstream.initial()
                    found.addresses.withLock { $0[index] = first }
                })
        }
        for lookUp in lookUps { lookUp.join() }
        lookUps = []
        return found.addresses.withLock { $0 }
    }
}

/// The first word of new key sources: keys, or why there are none.
final class KeyArrivals: Sendable {
    private let left = Atomic<Int>(1)
    private let done: WakeUp

    /// An issuer that answers does so within this time; one that does not must not hold up the rest for longer.
    private static let patience = Interval.seconds(3)

    init() throws(Errno) { done = try WakeUp() }

    func expect() { left.wrappingAdd(1, ordering: .sequentiallyConsistent) }

    func arrived() {
        if left.wrappingSubtract(1, ordering: .sequentiallyConsistent).newValue == 0 { done.signal() }
    }

    /// Waits until all have been heard of, or time is up.
    func await(unless cancel: WakeUp) {
        arrived()
        try? Patience(until: .never, cancel: cancel).atMost(Self.patience).awaitSignal(of: done)
    }
}
