/// Answers the requests that have come in one turn of the loop, each in its place. Runs on the service's thread, so it
/// must not wait for anything.
package typealias ServiceHandler = ([ServiceRequest]) -> [ServiceResponse]

/// A small HTTP/1.1 server for what the process answers itself: accepts connections on one loop and serves them.
/// Belongs to the loop's thread.
package final class ServiceListener: EventHandler {
    let loop: EventLoop
    let options: ServiceOptions
    private let handler: ServiceHandler
    /// For connections that are accepted from now on.
    private(set) var tls: TLSServerContext?
    let buffers: BufferPool
    /// Scratch of all connections.
    var head = RequestHead()
    /// Each response is the last one on its connection.
    private(set) var isDraining = false
    /// How long a connection may wait for its next request.
    private(set) var idleTimeout: Interval
    package let timer = DeadlineTimer()

    /// Connections that wait for an answer.
    private var asking: [ServiceConnection] = []
    private let budget: ConnectionBudget
    private var listener: Listener?
    private var connections: [Registration: ServiceConnection] = [:]
    private var spared = SparedConnections()

    package init(
        _ socket: ListeningSocket, loop: EventLoop, options: ServiceOptions, log: LogWriter,
        handler: @escaping ServiceHandler
    ) throws(Errno) {
        self.loop = loop
        self.options = options
        self.handler = handler
        tls = options.tls
        idleTimeout = options.keepAliveIdle
        // A head has to fit into a buffer whole.
        buffers = BufferPool(bufferBytes: max(16_384, options.head.headBytes), keptMax: 16)
        budget = ConnectionBudget(max: options.connections, maxPerAddress: options.connectionsPerAddress)
        listener = try Listener(
            socket, loop: loop, budget: budget, log: log,
            serve: { [unowned self] (accepted) throws(Errno) in _ = try ServiceConnection(accepted, of: self) },
            placeFreed: { [unowned self] in listener?.resumeAccepting() },
            makeRoom: { [unowned self] in makeRoom() }, closed: {}, hint: options.fullHint)
    }

    package var connectionCount: Int { connections.count }
    /// Nothing is accepted any more.
    package var isClosed: Bool { listener?.isClosed ?? true }

    /// Connections begin with this from now on. Where callers' certificates are judged in another way by it, those that
    /// were shown before count no more, and their connections end.
    package func adopt(_ context: TLSServerContext) {
        let isSameTrust = tls?.wantsSameCertificates(as: context) ?? false
        tls = context
        guard !isSameTrust else { return }
        for connection in Array(connections.values) { connection.trustChanged() }
    }

    /// From now on each response says that it is the last one on its connection. None is ended.
    package func announceEnd() { isDraining = true }

    /// Accepts nothing more, once it has taken what waits in the queue, and ends the connections that have been idle
    /// for so long as they may be then.
    package func close() {
        guard !isClosed else { return }
        announceEnd()
        listener?.close()
        idleTimeout = min(idleTimeout, options.drainIdle)
        for connection in Array(connections.values) { connection.idleTimeChanged() }
    }

    /// Ends every connection, whatever is under way.
    package func cut() {
        listener?.cut()
        for connection in Array(connections.values) { connection.close(broken: true) }
    }

    // MARK: - Making room

    /// Ends a connection whose caller keeps us waiting, as every caller does that is not just being answered; false
    /// when there is none that has done so for `keepAliveMin`.
    private func makeRoom() -> Bool { spared.endFirst(at: loop.now, look: addSpared, end: endSpared) }

    private func addSpared(to spared: inout SparedConnections) {
        for (registration, connection) in connections {
            let since = connection.waitsSince
            guard let rank = connection.rank, loop.now.since(since) >= options.keepAliveMin else { continue }
            spared.add(.init(registration: registration, idleSince: since, rank: rank))
        }
    }

    private func endSpared(_ candidate: SparedConnections.Candidate) -> Bool {
        guard let connection = connections[candidate.registration], connection.waitsSince == candidate.idleSince,
            connection.rank == candidate.rank
        else {
            return false
        }
        return connection.makeRoom()
    }

    // MARK: - Answers

    /// Has the request of `connection` answered at the end of this turn, with all that have come in it.
    func ask(for connection: ServiceConnection) {
        if asking.isEmpty { loop.runSoon(self) }
        asking.append(connection)
    }

    package func resume() {
        // A connection that was cut meanwhile takes no answer.
        let waiting = asking.filter { $0.pending != nil }
        // First: a connection that has its answer may ask for the next one.
        asking.removeAll(keepingCapacity: true)
        let responses = handler(waiting.compactMap(\.pending))
        precondition(responses.count == waiting.count, "an answer for each request")
        for (connection, response) in zip(waiting, responses) { connection.answer(response) }
    }

    package func ready(_ readiness: Readiness) {}

    package func deadlineReached() {}

    // MARK: - For connections

    func add(_ connection: ServiceConnection, _ registration: Registration) { connections[registration] = connection }

    func remove(_ registration: Registration, peer: SocketAddress) {
        connections[registration] = nil
        budget.leave(peer)
        if budget.release() { listener?.resumeAccepting() }
    }
}
