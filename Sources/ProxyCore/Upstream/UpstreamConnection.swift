/// Who uses an upstream connection at the moment, or waits for one.
package protocol UpstreamUser: AnyObject {
    /// The connection that was asked for can be written to.
    func upstreamConnected(_ connection: UpstreamConnection)
    /// The connection that was asked for cannot be had.
    func upstreamUnavailable(_ failure: UpstreamFailure)
    /// More may be read from or written to the connection in use.
    func upstreamReady()
}

/// One connection to the application. Belongs to a worker's pool, and while a request is under way to one user.
package final class UpstreamConnection: EventHandler {
    package enum State: Equatable {
        case connecting
        case inUse
        case idle
        case closed
    }

    private(set) var state = State.connecting
    /// True once the connection has carried a request: it may die while the next one is on its way.
    package private(set) var isReused = false
    /// What the last events said; a read or write that would block takes it back.
    private(set) var readable = false
    private(set) var writable = false
    /// The upstream has closed its sending side or the connection is broken; the bytes before that may still be unread.
    private(set) var closing = false
    package let timer = DeadlineTimer()

    private let socket: FileDescriptor
    private let loop: EventLoop
    private unowned let pool: UpstreamPool
    private var registration = Registration(slot: 0, generation: 0)
    private(set) var user: (any UpstreamUser)?
    /// Which address this is, by the pool's order when the attempt began.
    let place: Int
    /// Further addresses that may be tried when this attempt to connect fails.
    let attemptsLeft: Int
    /// How often the loop had waited when it came to rest; for `IdleConnections`.
    var restsSince: UInt64 = 0

    init(
        socket: consuming FileDescriptor, place: Int, attemptsLeft: Int, loop: EventLoop, pool: UpstreamPool,
        user: any UpstreamUser
    ) throws(Errno) {
        self.socket = socket
        self.place = place
        self.attemptsLeft = attemptsLeft
        self.loop = loop
        self.pool = pool
        self.user = user
        // Its events come first, so that what an upstream sends unasked is seen before the connection is lent.
        registration = loop.register(self, comesFirst: true)
        do throws(Errno) {
            try loop.watchConnection(self.socket, registration)
        } catch {
            loop.unregister(registration)
            state = .closed
            throw error
        }
    }

    /// Reads into `buffer`, which has room; takes back `readable` when nothing is left.
    package func receive(into buffer: ByteBuffer) throws(Errno) -> IOResult {
        let room = buffer.room
        let result = try Socket.receive(socket, into: buffer)
        switch result {
        // A short read has emptied the socket, unless the end of the stream is behind it.
        case .bytes(let count): if count < room, !closing { readable = false }
        case .wouldBlock: readable = false
        case .endOfStream: break
        }
        return result
    }

    /// Writes what `buffer` holds; takes back `writable` when the socket is full.
    package func send(from buffer: ByteBuffer) throws(Errno) -> IOResult {
        let result = try Socket.send(socket, from: buffer)
        switch result {
        case .bytes: if !buffer.isEmpty { writable = false }
        case .wouldBlock: writable = false
        case .endOfStream: break
        }
        return result
    }

    /// Tells the upstream that nothing more will come. The connection cannot carry another request.
    package func endSending() { Socket.shutdownSending(socket) }

    /// Makes the end of the connection look broken to the upstream.
    package func resetOnClose() { Socket.resetOnClose(socket) }

    /// The user is done. The connection goes back to the pool when `reusable`, and is closed otherwise.
    package func release(reusable: Bool) {
        precondition(state == .inUse)
        user = nil
        if reusable, !readable, !closing {
            isReused = true
            pool.takeBack(self)
        } else {
            close()
            pool.connectionClosed()
        }
    }

    // MARK: For the pool

    /// True when the upstream has sent nothing that was not asked for, and would pass for the answer to the next
    /// request. Asked of the socket, since bytes that have just come have no event yet; for a connection that is lent
    /// before the loop has had the time to look.
    var isQuiet: Bool { !readable && !closing && Socket.isQuiet(socket) }

    func lend(to user: any UpstreamUser) {
        precondition(self.user == nil && state != .closed)
        state = .inUse
        self.user = user
        timer.set(.never, registration, loop)
    }

    /// Fails the attempt to connect when it has not succeeded by `deadline`.
    func giveUp(at deadline: Instant) {
        precondition(state == .connecting)
        timer.set(deadline, registration, loop)
    }

    func rest(until deadline: Instant) {
        state = .idle
        timer.set(deadline, registration, loop)
    }

    func close() {
        precondition(state != .closed)
        state = .closed
        user = nil
        // The descriptor closes with this object, which nobody but the caller of this still knows.
        loop.unregister(registration)
    }

    // MARK: EventHandler

    package func ready(_ readiness: Readiness) {
        if readiness.contains(.readable) { readable = true }
        if readiness.contains(.writable) { writable = true }
        if readiness.contains(.closing) { closing = true }
        switch state {
        case .connecting: connectionAttemptEnded()
        case .inUse: user?.upstreamReady()
        // Whatever an upstream sends when nothing was asked, it is not an answer to the next request.
        case .idle: if readable { pool.discard(self) }
        case .closed: break
        }
    }

    package func deadlineReached() {
        switch state {
        case .connecting: if let user { pool.connectionAttemptFailed(self, .connectTimedOut, for: user) }
        case .idle: pool.discard(self)
        case .inUse, .closed: break
        }
    }

    package func resume() {}

    private func connectionAttemptEnded() {
        guard writable || closing, let user else { return }
        if let error = Socket.connectError(socket) {
            pool.connectionAttemptFailed(self, error, for: user)
        } else {
            state = .inUse
            timer.set(.never, registration, loop)
            pool.connectionAttemptSucceeded(self)
            user.upstreamConnected(self)
        }
    }
}
