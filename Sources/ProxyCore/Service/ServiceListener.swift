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
    package var tls: TLSServerContext?
    let buffers: BufferPool
    /// Scratch of all connections.
    var head = RequestHead()
    /// Each response is the last one on its connection.
    private(set) var isDraining = false
    private(set) var isClosed = false
    /// How long a connection may wait for its next request.
    private(set) var idleTimeout: Interval
    package let timer = DeadlineTimer()

    /// Connections that wait for an answer.
    private var asking: [ServiceConnection] = []
    private let socket: ListeningSocket
    private var registration = Registration(slot: 0, generation: 0)
    private var connections: [ObjectIdentifier: ServiceConnection] = [:]
    private var isListening = false

    /// Connections accepted in a row before those that are open have their turn.
    private static let burst = 32
    /// How long accepting rests when the system lacks descriptors: others may give some back.
    private static let shortagePause = Interval.milliseconds(100)

    package init(
        _ socket: ListeningSocket, loop: EventLoop, options: ServiceOptions,
        handler: @escaping ServiceHandler
    ) throws(Errno) {
        self.socket = socket
        self.loop = loop
        self.options = options
        self.handler = handler
        tls = options.tls
        idleTimeout = options.keepAliveIdle
        // A head has to fit into a buffer whole.
        buffers = BufferPool(bufferBytes: max(16_384, options.head.headBytes), keptMax: 16)
        registration = loop.register(self)
        do throws(Errno) {
            try startListening()
        } catch {
            loop.unregister(registration)
            throw error
        }
    }

    package var connectionCount: Int { connections.count }

    /// From now on each response says that it is the last one on its connection. None is ended.
    package func announceEnd() { isDraining = true }

    /// Accepts nothing more, and ends the connections that have been idle for so long as they may be then. What waits
    /// in the queue of a socket of ours is taken first.
    package func close() {
        guard !isClosed else { return }
        announceEnd()
        if !socket.isInherited { acceptAll(atMost: 2 * ListeningSocket.backlog) }
        end()
        idleTimeout = min(idleTimeout, options.drainIdle)
        for connection in Array(connections.values) { connection.idleTimeChanged() }
    }

    /// Ends every connection, whatever is under way.
    package func cut() {
        if !isClosed { end() }
        for connection in Array(connections.values) { connection.close(broken: true) }
    }

    private func end() {
        isClosed = true
        stopListening()
        socket.stopListening()
        loop.unregister(registration)
    }

    package func ready(_ readiness: Readiness) { acceptAll(atMost: Self.burst) }

    private func acceptAll(atMost count: Int) {
        for _ in 0..<count {
            guard connections.count < options.connections else { return stopListening() }
            do throws(Errno) {
                guard let accepted = try Socket.accept(from: socket.descriptor) else { return }
                let connection = try ServiceConnection(accepted, of: self)
                connections[ObjectIdentifier(connection)] = connection
            } catch {
                stopListening()
                timer.set(loop.now.advanced(by: Self.shortagePause), registration, loop)
                return
            }
        }
    }

    package func deadlineReached() { resumeListening() }

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

    // MARK: - Connections

    func connectionClosed(_ connection: ServiceConnection) {
        connections[ObjectIdentifier(connection)] = nil
        resumeListening()
    }

    private func resumeListening() {
        guard !isListening, !isClosed else { return }
        do throws(Errno) {
            try startListening()
        } catch {
            timer.set(loop.now.advanced(by: Self.shortagePause), registration, loop)
        }
    }

    private func startListening() throws(Errno) {
        try loop.watchReadable(socket.descriptor, registration)
        isListening = true
    }

    private func stopListening() {
        if isListening { loop.unwatch(socket.descriptor) }
        isListening = false
    }
}
