/// Accepts connections on one loop, as long as there is a place for them.
final class Listener: EventHandler {
    private let socket: ListeningSocket
    private let loop: EventLoop
    private let budget: ConnectionBudget
    private let log: LogWriter
    private let serve: (consuming AcceptedSocket) throws(Errno) -> Void
    private let placeFreed: () -> Void
    private let makeRoom: () -> Bool
    private let hint: StaticString
    private var registration = Registration(slot: 0, generation: 0)
    private var isListening = false
    private(set) var isClosed = false
    private var shortageLogged = Instant(nanoseconds: 0)
    private var fullLogged = Instant(nanoseconds: 0)
    private var refusalLogged = Instant(nanoseconds: 0)
    let timer = DeadlineTimer()

    /// Connections accepted in a row before those that are open have their turn.
    private static let burst = 64
    /// Connections taken at the end: what the queue holds, and as many that come meanwhile.
    private static let closingBurst = 2 * ListeningSocket.backlog
    /// How long accepting rests when the system lacks descriptors: others may give some back.
    private static let shortagePause = Interval.milliseconds(100)

    /// How long accepting rests when all places are taken and nobody gives one up by then.
    private static let fullPause = Interval.milliseconds(100)
    /// How often it is told that all places are taken, or those of an address.
    private static let fullLogPause = Interval.seconds(10)

    /// - Parameters:
    ///   - serve: takes over a connection that has a place in the budget.
    ///   - placeFreed: a place was given back while workers wait for one.
    ///   - makeRoom: ends an idle connection, so that its place is free; false when none can be spared.
    ///   - hint: what one may do when all places are taken.
    init(
        _ socket: ListeningSocket, loop: EventLoop, budget: ConnectionBudget, log: LogWriter,
        serve: @escaping (consuming AcceptedSocket) throws(Errno) -> Void, placeFreed: @escaping () -> Void,
        makeRoom: @escaping () -> Bool, hint: StaticString
    ) throws(Errno) {
        self.socket = socket
        self.loop = loop
        self.budget = budget
        self.log = log
        self.serve = serve
        self.placeFreed = placeFreed
        self.makeRoom = makeRoom
        self.hint = hint
        registration = loop.register(self)
        do throws(Errno) {
            try startListening()
        } catch {
            loop.unregister(registration)
            throw error
        }
    }

    /// Accepts again after `budget` had run out.
    func resumeAccepting() {
        guard !isListening, !isClosed else { return }
        do throws(Errno) { try startListening() } catch { pause() }
    }

    /// Takes what waits in the queue, then has callers refused: the socket itself may live as long as the worker. One
    /// that others hold as well goes on listening for them.
    func close() {
        guard !isClosed else { return }
        // Before the queue is looked at for the last time: what comes to a shared one from then on wakes others.
        stopListening()
        acceptAll(atMost: Self.closingBurst)
        cut()
    }

    /// Has callers refused from now on. Those who wait in the queue are served by others who hold the socket as well,
    /// or by nobody.
    func cut() {
        guard !isClosed else { return }
        isClosed = true
        stopListening()
        socket.stopListening()
        loop.unregister(registration)
    }

    func ready(_ readiness: Readiness) {
        guard socket.isInherited else { return acceptAll(atMost: Self.burst) }
        // One by one, and at the end of the line again: so that workers on one queue get their connections in turns.
        acceptAll(atMost: 1)
        guard isListening else { return }
        stopListening()
        resumeAccepting()
    }

    func deadlineReached() { resumeAccepting() }

    func resume() {}

    private func startListening() throws(Errno) {
        if socket.isInherited {
            try loop.watchShared(socket.descriptor, registration)
        } else {
            try loop.watchReadable(socket.descriptor, registration)
        }
        isListening = true
    }

    private func stopListening() {
        if isListening { loop.unwatch(socket.descriptor) }
        isListening = false
    }

    private func pause(_ pause: Interval = Listener.shortagePause) {
        stopListening()
        timer.set(loop.now.advanced(by: pause), registration, loop)
    }

    private func takePlaceOfIdle() -> Bool {
        if loop.now.since(fullLogged) > Self.fullLogPause {
            fullLogged = loop.now
            log.log(.warn, "connections_exhausted", mayWait: false) { line in
                line.field("connections", budget.max)
                line.field("hint", "the connections that have been idle for longest make room; \(hint)")
            }
        }
        return makeRoom() && budget.reserve()
    }

    private func acceptAll(atMost count: Int) {
        for number in 0..<count {
            if !budget.reserve() {
                // Whether another one waits is not known: the loop tells, if so, and then this is the first.
                guard number == 0 else { return }
                // A place that comes free is told of; one that could be spared has to be looked for again.
                guard takePlaceOfIdle() else { return pause(Self.fullPause) }
            }
            do throws(Errno) {
                guard let accepted = try Socket.accept(from: socket.descriptor) else { return giveBackPlace() }
                try admit(accepted)
            } catch {
                giveBackPlace()
                shortage(error)
                return
            }
        }
    }

    private func admit(_ accepted: consuming AcceptedSocket) throws(Errno) {
        let peer = accepted.peer
        guard budget.admit(peer) else {
            logRefusal(of: peer)
            return giveBackPlace()
        }
        do throws(Errno) {
            try serve(accepted)
        } catch {
            budget.leave(peer)
            throw error
        }
    }

    private func giveBackPlace() {
        if budget.release() { placeFreed() }
    }

    private func logRefusal(of peer: SocketAddress) {
        guard loop.now.since(refusalLogged) > Self.fullLogPause else { return }
        refusalLogged = loop.now
        log.log(.warn, "connections_refused", mayWait: false) { line in
            line.field("peer", peer)
            line.field("refused", budget.refusedForAddress)
            line.field("hint", "one address has limits.connections_per_address of them")
        }
    }

    /// Out of descriptors or memory: rest, and go on when some may have come free.
    private func shortage(_ error: Errno) {
        if loop.now.since(shortageLogged) > .seconds(1) {
            shortageLogged = loop.now
            log.log(.error, "accept_failed", mayWait: false) { $0.field("error", error.description) }
        }
        pause()
    }
}
