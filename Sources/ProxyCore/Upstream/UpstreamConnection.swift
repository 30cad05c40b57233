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
        /// Connected; TLS is being agreed on.
        case handshaking
        case inUse
        case idle
        case closed
    }

    private(set) var state = State.connecting
    /// True once the connection has carried a request: it may die while the next one is on its way.
    package var isReused: Bool { wasUsed }
    private var wasUsed = false
    /// What the last events said; a read or write that would block takes it back.
    private(set) var readable = false
    private(set) var writable = false
    /// The upstream has closed its sending side or the connection is broken; the bytes before that may still be unread.
    private(set) var closing = false
    private var isBroken = false
    package let timer = DeadlineTimer()

    private let socket: FileDescriptor
    /// From the handshake on, for an upstream that is reached by TLS.
    private let tls: TLSSession?
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
        socket: consuming FileDescriptor, tls: TLSClientContext?, place: Int, attemptsLeft: Int, loop: EventLoop,
        pool: UpstreamPool, user: any UpstreamUser
    ) throws(Errno) {
        self.socket = socket
        if let tls { self.tls = TLSSession(tls, socket: self.socket) } else { self.tls = nil }
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
    package func receive(into buffer: ByteBuffer) throws(UpstreamStreamError) -> IOResult {
        if let tls { return try receive(into: buffer, tls) }
        let room = buffer.room
        let result: IOResult
        do throws(Errno) { result = try Socket.receive(socket, into: buffer) } catch { throw .socket(error) }
        switch result {
        // A short read has emptied the socket, unless the end of the stream is behind it.
        case .bytes(let count): if count < room, !closing { readable = false }
        case .wouldBlock: readable = false
        case .endOfStream: break
        }
        return result
    }

    private func receive(into buffer: ByteBuffer, _ tls: TLSSession) throws(UpstreamStreamError) -> IOResult {
        let result: IOResult
        do throws(TLSFailure) { result = try tls.receive(into: buffer) } catch { throw .tls(error) }
        switch result {
        case .bytes: if tls.isDrained, !closing { readable = false }
        case .wouldBlock: readable = false
        case .endOfStream: break
        }
        return result
    }

    /// Writes what `buffer` holds; takes back `writable` when the socket is full.
    package func send(from buffer: ByteBuffer) throws(UpstreamStreamError) -> IOResult {
        let result: IOResult
        if let tls {
            do throws(TLSFailure) { result = try tls.send(from: buffer) } catch { throw .tls(error) }
        } else {
            do throws(Errno) { result = try Socket.send(socket, from: buffer) } catch { throw .socket(error) }
        }
        switch result {
        case .bytes: if !buffer.isEmpty { writable = false }
        case .wouldBlock: writable = false
        case .endOfStream: break
        }
        return result
    }

    /// Tells the upstream that nothing more will come. The connection cannot carry another request.
    package func endSending() {
        tls?.sendCloseNotify()
        Socket.shutdownSending(socket)
    }

    /// Makes the end of the connection look broken to the upstream.
    package func resetOnClose() {
        isBroken = true
        Socket.resetOnClose(socket)
    }

    /// The user is done. The connection goes back to the pool when `reusable`, and is closed otherwise.
    package func release(reusable: Bool) {
        precondition(state == .inUse)
        user = nil
        if reusable, !closing, !readable || tls != nil && isQuiet {
            wasUsed = true
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
    var isQuiet: Bool {
        guard !closing else { return false }
        if let tls { return isQuiet(tls) }
        return !readable && Socket.isQuiet(socket)
    }

    /// What has come may be TLS's own: tickets, new keys. Reading finds out, and takes these away.
    private func isQuiet(_ tls: TLSSession) -> Bool {
        let unasked = ByteBuffer(capacity: 1)
        guard let result = try? receive(into: unasked, tls) else { return false }
        return result == .wouldBlock
    }

    func lend(to user: any UpstreamUser) {
        precondition(self.user == nil && state != .closed)
        state = .inUse
        self.user = user
        timer.set(.never, registration, loop)
    }

    /// Fails the attempt to connect when it has not succeeded by `deadline`.
    func giveUp(at deadline: Instant) {
        precondition(state == .connecting || state == .handshaking)
        timer.set(deadline, registration, loop)
    }

    func rest(until deadline: Instant) {
        state = .idle
        timer.set(deadline, registration, loop)
    }

    func close() {
        precondition(state != .closed)
        // A clean end, which is not to be had of a connection that has to look broken.
        if !isBroken { tls?.sendCloseNotify() }
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
        if let tls { noteCrossings(of: tls, readiness) }
        switch state {
        case .connecting: connectionAttemptEnded()
        case .handshaking: shakeHands()
        case .inUse: user?.upstreamReady()
        // Whatever an upstream sends when nothing was asked, it is not an answer to the next request.
        case .idle: if readable, tls == nil || !isQuiet { pool.discard(self) }
        case .closed: break
        }
    }

    package func deadlineReached() {
        switch state {
        case .connecting, .handshaking:
            if let user { pool.connectionAttemptFailed(self, .unreachable(.connectTimedOut), for: user) }
        case .idle: pool.discard(self)
        case .inUse, .closed: break
        }
    }

    package func resume() {}

    private func connectionAttemptEnded() {
        guard writable || closing, let user else { return }
        if let error = Socket.connectError(socket) {
            pool.connectionAttemptFailed(self, .unreachable(error), for: user)
        } else if tls == nil {
            connectionAttemptSucceeded(user)
        } else {
            state = .handshaking
            shakeHands()
        }
    }

    private func connectionAttemptSucceeded(_ user: any UpstreamUser) {
        state = .inUse
        timer.set(.never, registration, loop)
        pool.connectionAttemptSucceeded(self)
        user.upstreamConnected(self)
    }

    // MARK: - TLS

    /// Takes the handshake as far as it goes; the server's certificate is verified in it.
    private func shakeHands() {
        guard let tls, let user else { return }
        do throws(TLSFailure) {
            switch try tls.handshake() {
            case .done: connectionAttemptSucceeded(user)
            case .wantsRead: readable = false
            case .wantsWrite: writable = false
            }
        } catch {
            pool.connectionAttemptFailed(self, Self.failure(of: error), for: user)
        }
    }

    private static func failure(of failure: TLSFailure) -> UpstreamFailure {
        if case .connection(let error) = failure { return .unreachable(error) }
        return .tls(failure)
    }

    /// A read may have to wait until something can be sent, and the other way round.
    private func noteCrossings(of tls: TLSSession, _ readiness: Readiness) {
        if readiness.contains(.writable), tls.readNeedsWritable { readable = true }
        if readiness.contains(.readable), tls.writeNeedsReadable { writable = true }
    }
}
