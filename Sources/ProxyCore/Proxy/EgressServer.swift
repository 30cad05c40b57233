import Synchronization

/// The running half of the proxy that serves the service's own calls: its tokens, and where its targets are. Workers do
/// the rest. Started and stopped by one thread.
final class EgressServer: Sendable {
    /// Where it listens, with the port that the system chose when the configuration says 0.
    let address: SocketAddress
    let status: EgressStatus
    private let settings: EgressSettings
    private let sources: [TokenSource]
    private let addresses: [UpstreamAddresses]
    private let threads = Mutex<[Thread]>([])

    /// - Parameters:
    ///   - address: of the listening sockets.
    ///   - mailboxes: of all workers.
    init(
        _ settings: EgressSettings, address: SocketAddress, status: EgressStatus,
        mailboxes: [Mailbox<WorkerMessage>], log: LogWriter
    ) throws(Errno) {
        self.settings = settings
        self.address = address
        self.status = status
        var sources: [TokenSource] = []
        var addresses: [UpstreamAddresses] = []
        for (index, target) in settings.targets.enumerated() {
            let lines = TokenSourceLog(log, target: target.call.id)
            let tokens = status.tokens
            sources.append(
                try TokenSource(
                    target: index, target.call.client,
                    publish: { snapshot in
                        for mailbox in mailboxes { mailbox.post(.token(snapshot)) }
                        tokens.install(snapshot)
                    },
                    log: { event in
                        tokens.note(event, target: index, now: Clock.unixTime())
                        lines.write(event)
                    }))
            addresses.append(
                try UpstreamAddresses(target.upstream.address, log: log) { found in
                    for mailbox in mailboxes { mailbox.post(.targetAddresses(target: index, found)) }
                })
        }
        self.sources = sources
        self.addresses = addresses
    }

    /// Starts to get tokens and to look names up. Waits for the first look-ups, all at the same time.
    ///
    /// - Returns: what workers have to know.
    func start() throws(Errno) -> OutgoingSideSettings {
        for source in sources { try source.start() }
        let known = try initialAddresses()
        for (address, known) in zip(addresses, known) {
            if let thread = try address.start(known: known) { threads.withLock { $0.append(thread) } }
        }
        let table = TargetTable(settings.targets.map(\.call.match), acceptsAnyHost: settings.allowsRemote)
        return OutgoingSideSettings(
            egress: settings, table: table, sources: sources, addresses: known, budget: status.budget,
            metrics: status.metrics)
    }

    private func initialAddresses() throws(Errno) -> [[SocketAddress]] {
        let found = FoundAddresses(count: addresses.count)
        var lookUps: [Thread] = []
        // Also when one of them could not be started.
        defer { for lookUp in lookUps { lookUp.join() } }
        for (index, address) in addresses.enumerated() {
            lookUps.append(try Thread.start(name: "target-name") { found.set(address.initial(), at: index) })
        }
        while let lookUp = lookUps.popLast() { lookUp.join() }
        return found.all
    }

    /// Ends its threads and waits for them. To be called once.
    func stop() {
        for address in addresses { address.stop() }
        for source in sources { source.stop() }
        for thread in threads.withLock({ $0 }) { thread.join() }
    }
}

/// The results of look-ups that run at the same time.
private final class FoundAddresses: Sendable {
    private let addresses: Mutex<[[SocketAddress]]>

    init(count: Int) { addresses = Mutex(Array(repeating: [], count: count)) }

    var all: [[SocketAddress]] { addresses.withLock { $0 } }

    func set(_ found: [SocketAddress], at index: Int) { addresses.withLock { $0[index] = found } }
}
