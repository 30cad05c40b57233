/// What the proxy's exchanges are told by the configuration.
package struct ExchangeOptions: Sendable {
    package var limits = Limits()
    package var timeouts = Timeouts()
    package var forwarding: ForwardingOptions
    package var realm = "api"

    package init(forwarding: ForwardingOptions) { self.forwarding = forwarding }
}

/// What all connections of one worker share. Made and used on the worker's thread.
package final class ExchangeContext {
    package let loop: EventLoop
    /// Of requests that begin now.
    package var rules: ExchangeRules { currentRules }
    // Private: what others may read otherwise costs a check at each access.
    private var currentRules: ExchangeRules
    /// How long a connection may wait for its next request.
    private(set) var idleTimeout: Interval?
    private var isEndingIdle = false
    let buffers: BufferPool
    let log: RequestLog
    let metrics: ExchangeMetrics
    /// Scratch: every parse overwrites these, and nobody keeps what is in them beyond the call.
    var requestHead = RequestHead()
    var responseHead = ResponseHead()
    var trailers = TrailerSection()
    var requestIDs = RequestIDGenerator()
    /// What connections without a request under way refer to.
    let idleRelay: Relay
    private var freeRelays: [Relay] = []
    private var clients: [Registration: ClientConnection] = [:]
    private var handshakes: [Registration: CallerHandshake] = [:]
    private var spared = SparedConnections()
    package var isDraining: Bool { drains }
    private var drains = false
    /// Called whenever a client connection has ended, with its peer.
    package var connectionEnded: (SocketAddress) -> Void = { _ in }
    /// What new connections begin with; nil for requests in the clear.
    package var tls: TLSServerContext? {
        didSet {
            guard let tls, let oldValue, !tls.wantsSameCertificates(as: oldValue) else { return }
            for client in Self.inOrder(clients) { client.authoritiesChanged() }
        }
    }
    /// Called for each handshake that came to nothing.
    package var handshakeFailed: (SocketAddress, HandshakeFailure) -> Void = { _, _ in }

    package init(loop: EventLoop, rules: ExchangeRules, log: RequestLog, metrics: ExchangeMetrics) {
        self.loop = loop
        currentRules = rules
        self.log = log
        self.metrics = metrics
        idleTimeout = rules.timeouts.keepAliveIdle
        buffers = BufferPool(bufferBytes: rules.bufferBytes, keptMax: 64)
        idleRelay = Relay(buffers: buffers, rules: rules)
    }

    /// A buffer takes the longest head, and the longest head with what the proxy adds to it.
    package static func bufferBytes(_ limits: Limits, addedBytes: Int, setBytes: Int) -> Int {
        max(65_536, limits.headBytes + addedBytes + setBytes + 4096)
    }

    package var connectionCount: Int { clients.count + handshakes.count }
    private var tunnels = 0
    /// What was counted by objects that are no longer in use.
    private var carried = RulesTotals()

    /// Judges by other rules from now on: the next request on every connection, those whose heads have not come to
    /// their end, and those that wait for keys. What was judged already keeps its rules to its end. Closes nothing.
    ///
    /// Not while a connection is in the middle of something: for the worker, between events.
    package func install(_ rules: ExchangeRules) {
        let shown = carried + RulesTotals(currentRules)
        // It may stay for as long as a request of its own does, but it judges nothing more.
        if case .gate(let gate) = currentRules.judge { gate.forgetTokens() }
        currentRules = rules
        carried = shown - RulesTotals(rules)
        buffers.grow(to: rules.bufferBytes)
        idleRelay.adopt(rules)
        setIdleTimeout()
        // They have room for the paths of other limits.
        freeRelays.removeAll()
        for client in Array(clients.values) { client.rulesChanged() }
    }

    /// Serves a connection that was just accepted. When this throws, the connection is closed, and `connectionEnded` is
    /// not called for it.
    package func serve(_ accepted: consuming AcceptedSocket) throws(Errno) {
        if let tls {
            try CallerHandshake(accepted, tls, context: self).start()
        } else {
            try ClientConnection(accepted, context: self).start()
        }
        metrics.add(1, to: .connectionsAccepted)
    }

    /// Lets other threads see how much there is of what this worker holds. At the end of each turn of its loop.
    package func publishFigures() {
        metrics.set(.parkedRequests, to: rules.parking.count)
        metrics.set(.tunnels, to: tunnels)
        switch rules.judge {
        case .gate(let gate):
            let pool = rules.pool
            metrics.set(.upstreamConnects, to: carried.attempts + pool.attempts)
            metrics.set(.upstreamOpen, to: pool.allowance.taken)
            metrics.set(.upstreamIdle, to: pool.idleCount)
            metrics.set(.upstreamWaiting, to: pool.allowance.waitingCount)
            metrics.set(.cacheHits, to: carried.hits + gate.cache.hits)
            metrics.set(.cacheMisses, to: carried.misses + gate.cache.misses)
            metrics.set(.cacheEvictions, to: carried.evictions + gate.cache.evictions)
            metrics.set(.cacheEntries, to: gate.cache.count)
        case .outgoing(let calls):
            let ways = calls.ways
            metrics.set(.upstreamConnects, to: carried.attempts + ways.reduce(0) { $0 + $1.pool.attempts })
            metrics.set(.upstreamOpen, to: ways.reduce(0) { $0 + $1.pool.allowance.taken })
            metrics.set(.upstreamIdle, to: ways.reduce(0) { $0 + $1.pool.idleCount })
            metrics.set(.upstreamWaiting, to: ways.reduce(0) { $0 + $1.pool.allowance.waitingCount })
        }
    }

    /// Ends a connection on which nothing is under way, to make room for another one; false when there is none that
    /// has been idle for `keep_alive_min_seconds`.
    package func makeRoom() -> Bool { spared.endFirst(at: loop.now, look: addSpared, end: endSpared) }

    private func addSpared(to spared: inout SparedConnections) {
        let least = rules.timeouts.keepAliveMin
        for (registration, handshake) in handshakes where loop.now.since(handshake.started) >= least {
            spared.add(.init(registration: registration, idleSince: handshake.started, rank: .unasked))
        }
        for (registration, client) in clients {
            guard let since = client.idleSince, loop.now.since(since) >= least else { continue }
            let rank: SparedConnections.Rank = client.hasAsked ? .idle : .unasked
            spared.add(.init(registration: registration, idleSince: since, rank: rank))
        }
    }

    private func endSpared(_ candidate: SparedConnections.Candidate) -> Bool {
        if let handshake = handshakes[candidate.registration], handshake.started == candidate.idleSince {
            handshake.cut()
        } else if let client = clients[candidate.registration], client.idleSince == candidate.idleSince {
            // What it may have sent meanwhile is answered first; then another one has to go.
            client.endIdle()
            guard client.phase == .closed else { return false }
        } else {
            return false
        }
        metrics.add(1, to: .connectionsEvicted)
        return true
    }

    /// From now on, each connection's next response says that it is the last one. None is ended: a request may be on
    /// its way on any of them.
    package func announceEnd() {
        drains = true
        for client in Self.inOrder(clients) { client.drain() }
    }

    /// Ends connections that have been idle for `timeouts.drain_idle_seconds`, now and from now on.
    package func endIdle() {
        isEndingIdle = true
        setIdleTimeout()
        for client in Self.inOrder(clients) { client.idleTimeChanged() }
        rules.pool.closeIdle()
    }

    private func setIdleTimeout() {
        let (usual, least) = (rules.timeouts.keepAliveIdle, rules.timeouts.drainIdle)
        idleTimeout = isEndingIdle ? min(usual ?? least, least) : usual
    }

    /// Ends all connections at once.
    package func cutAll() {
        for handshake in Self.inOrder(handshakes) { handshake.cut() }
        for client in Self.inOrder(clients) { client.cut() }
        rules.pool.closeIdle()
    }

    /// In the order of their places, so that the same events lead to the same steps. A copy, which may be emptied
    /// meanwhile.
    private static func inOrder<Value>(_ connections: [Registration: Value]) -> [Value] {
        connections.sorted { $0.key.slot < $1.key.slot }.map(\.value)
    }

    // MARK: For connections

    func tunnelOpened() { tunnels += 1 }

    func tunnelEnded(_ end: TunnelEnd) {
        tunnels -= 1
        metrics.tunnelEnded(end)
    }

    func add(_ handshake: CallerHandshake, _ registration: Registration) { handshakes[registration] = handshake }

    func remove(handshake registration: Registration) { handshakes.removeValue(forKey: registration) }

    func add(_ client: ClientConnection, _ registration: Registration) { clients[registration] = client }

    func remove(_ registration: Registration, peer: SocketAddress) {
        clients.removeValue(forKey: registration)
        connectionEnded(peer)
    }

    /// As many requests at the same time allocate nothing, and cost their first pages of memory for good: about 12 MiB.
    package static let relaysKeptMax = 1024

    func takeRelay() -> Relay { freeRelays.popLast() ?? Relay(buffers: buffers, rules: rules) }

    func giveBack(_ relay: Relay) {
        relay.reset()
        if relay.rules === rules, freeRelays.count < Self.relaysKeptMax { freeRelays.append(relay) }
    }
}
