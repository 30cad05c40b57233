/// How many connections to the application one worker may have, and how long unused ones are kept.
package struct UpstreamPoolOptions: Sendable {
    /// Connections at the same time, those at rest included.
    package var connectionsMax = 256
    /// A connection at rest is closed after this long. Most servers close theirs after 60 to 75 seconds, and a
    /// connection that is closed from our side cannot die under a request.
    package var idle = Interval.seconds(50)
    /// How long a user waits for a connection, as far as the pool knows. When the upstream has several addresses, each
    /// gets its share of it, so that one that swallows packets does not keep the next from being tried.
    package var connect: Interval?
    /// For an upstream that is reached by TLS. Its connections resume each other's sessions.
    package var tls: TLSClientContext?

    package init() {}
}

/// The connections of one worker to the application.
package final class UpstreamPool {
    package enum Acquisition {
        case connected(UpstreamConnection)
        /// The user will be told through `upstreamConnected` or `upstreamUnavailable`, unless it calls `cancel`.
        case pending
        case failed(UpstreamFailure)
    }

    private struct Waiting {
        let user: any UpstreamUser
        let fresh: Bool
    }

    private let loop: EventLoop
    private var options: UpstreamPoolOptions
    private var ownAllowance: UpstreamAllowance
    private var isRetired = false
    private var addresses: [SocketAddress]
    private var nextAddress = 0
    private let idle: IdleConnections
    private var connecting: [UpstreamConnection] = []
    private var waiting: [Waiting] = []
    private var openCount = 0
    private var attemptCount = 0

    /// - Parameter allowance: what it shares with others; nil for one of its own.
    package init(
        loop: EventLoop, addresses: [SocketAddress], options: UpstreamPoolOptions, allowance: UpstreamAllowance? = nil
    ) {
        self.loop = loop
        self.addresses = addresses
        self.options = options
        ownAllowance = allowance ?? UpstreamAllowance(connectionsMax: options.connectionsMax)
        idle = IdleConnections(loop: loop, capacity: options.connectionsMax)
        ownAllowance.setMax(options.connectionsMax)
        ownAllowance.enter(self, open: 0, waiting: 0)
    }

    /// Connections that are open or being opened.
    package var count: Int { openCount }
    /// Attempts to connect so far.
    package var attempts: Int { attemptCount }
    package var allowance: UpstreamAllowance { ownAllowance }
    package var idleCount: Int { idle.count }
    package var waitingCount: Int { waiting.count }

    /// Addresses for connections from now on. Those that are open stay: their other end still answers there.
    package func setAddresses(_ addresses: [SocketAddress]) {
        self.addresses = addresses
        nextAddress = 0
    }

    /// Bounds for connections from now on; those that are open stay. Not for another `tls`: that takes another pool.
    package func setOptions(_ options: UpstreamPoolOptions) {
        self.options = options
        ownAllowance.setMax(options.connectionsMax)
        ownAllowance.serve()
    }

    /// Takes its connections along to those that share another allowance.
    package func join(_ other: UpstreamAllowance) {
        guard other !== ownAllowance else { return }
        ownAllowance.leave(self, open: openCount, waiting: waiting.count)
        let left = ownAllowance
        ownAllowance = other
        other.enter(self, open: openCount, waiting: waiting.count)
        left.serve()
    }

    /// No request begins here any more: closes what is at rest, and each connection after what it carries.
    package func retire() {
        isRetired = true
        closeIdle()
    }

    /// A connection for `user`.
    ///
    /// - Parameters:
    ///   - fresh: one that has carried no request yet.
    ///   - surely: the request cannot be sent again, so it is worth a system call to find out whether the upstream has
    ///     just closed the connection.
    package func acquire(for user: any UpstreamUser, fresh: Bool, surely: Bool = false) -> Acquisition {
        if !fresh, let connection = takeIdle(surely: surely) {
            connection.lend(to: user)
            return .connected(connection)
        }
        if ownAllowance.isFull { ownAllowance.makeRoom() }
        guard !ownAllowance.isFull else {
            waiting.append(Waiting(user: user, fresh: fresh))
            ownAllowance.noteWaiting(1)
            return .pending
        }
        return open(for: user, attempts: addresses.count)
    }

    /// The user no longer waits for a connection. True when it waited for its turn, and none was being opened for it.
    @discardableResult
    package func cancel(_ user: any UpstreamUser) -> Bool {
        if let index = waiting.firstIndex(where: { $0.user === user }) {
            waiting.remove(at: index)
            ownAllowance.noteWaiting(-1)
            return true
        }
        if let index = connecting.firstIndex(where: { $0.user === user }) {
            let connection = connecting.remove(at: index)
            // Whoever gives up has nearly always waited in vain: let the next one try elsewhere.
            leave(connection.place)
            close(connection)
            ownAllowance.serve()
        }
        return false
    }

    /// Closes what is at rest, for the end of the worker.
    package func closeIdle() {
        while closeNewestIdle() {}
    }

    /// A connection at rest whose upstream has sent nothing since.
    private func takeIdle(surely: Bool) -> UpstreamConnection? {
        while let connection = idle.takeSettled() {
            if !surely || connection.isQuiet { return connection }
            close(connection)
        }
        while let connection = idle.takeNewest() {
            if connection.isQuiet { return connection }
            close(connection)
        }
        return nil
    }

    // MARK: For connections

    func takeBack(_ connection: UpstreamConnection) {
        guard isRetired || waiting.count == ownAllowance.waitingCount else {
            // Somebody of older rules waits, and needs another connection, but this place.
            close(connection)
            return ownAllowance.serve()
        }
        guard let next = waiting.first else {
            guard !isRetired else {
                close(connection)
                return ownAllowance.serve()
            }
            connection.rest(until: loop.now.advanced(by: options.idle))
            idle.add(connection)
            return
        }
        if next.fresh || !connection.isQuiet {
            // Not this one, but its place.
            close(connection)
            ownAllowance.serve()
        } else {
            waiting.removeFirst()
            ownAllowance.noteWaiting(-1)
            connection.lend(to: next.user)
            next.user.upstreamConnected(connection)
        }
    }

    func discard(_ connection: UpstreamConnection) {
        idle.remove(connection)
        close(connection)
        ownAllowance.serve()
    }

    func connectionClosed() {
        openCount -= 1
        ownAllowance.giveBack()
        ownAllowance.serve()
    }

    func connectionAttemptSucceeded(_ connection: UpstreamConnection) {
        connecting.removeAll { $0 === connection }
    }

    func connectionAttemptFailed(
        _ connection: UpstreamConnection, _ failure: UpstreamFailure, for user: any UpstreamUser
    ) {
        let attempts = connection.attemptsLeft
        connecting.removeAll { $0 === connection }
        close(connection)
        leave(connection.place)
        deliver(attempts > 0 ? open(for: user, attempts: attempts) : .failed(failure), to: user)
        ownAllowance.serve()
    }

    /// Starts a connection to the next address; one that fails at once is followed by the one after it, `attempts` in
    /// all.
    private func open(for user: any UpstreamUser, attempts: Int) -> Acquisition {
        guard !addresses.isEmpty else { return .failed(.unresolved) }
        var failure = UpstreamFailure.unresolved
        for attempt in 1...max(1, attempts) {
            let place = nextAddress
            do throws(Errno) {
                let connection = try UpstreamConnection(
                    socket: Socket.connect(to: addresses[place % addresses.count]), tls: options.tls, place: place,
                    attemptsLeft: max(0, attempts - attempt), loop: loop, pool: self, user: user)
                openCount += 1
                ownAllowance.take()
                attemptCount += 1
                connecting.append(connection)
                // The last one has whatever time its user has.
                if attempt < attempts, let share { connection.giveUp(at: loop.now.advanced(by: share)) }
                return .pending
            } catch {
                failure = .unreachable(error)
                leave(place)
            }
        }
        return .failed(failure)
    }

    /// The time of one attempt to connect, when others are to follow it.
    private var share: Interval? {
        options.connect.map { Interval(nanoseconds: $0.nanoseconds / UInt64(max(1, addresses.count))) }
    }

    /// An attempt at this place in the order of addresses came to nothing. The first that says so moves on; those that
    /// were under way beside it must not skip the next address.
    private func leave(_ place: Int) {
        if nextAddress == place { nextAddress += 1 }
    }

    private func deliver(_ acquisition: Acquisition, to user: any UpstreamUser) {
        switch acquisition {
        case .connected(let connection): user.upstreamConnected(connection)
        case .pending: break
        case .failed(let failure): user.upstreamUnavailable(failure)
        }
    }

    private func close(_ connection: UpstreamConnection) {
        connection.close()
        openCount -= 1
        ownAllowance.giveBack()
    }

    // MARK: For the allowance

    /// False when there is none.
    func closeNewestIdle() -> Bool {
        guard let connection = idle.takeNewest() else { return false }
        close(connection)
        return true
    }

    /// Opens connections for those that wait, as far as there are places.
    func serveWaiting() {
        while !ownAllowance.isFull, !waiting.isEmpty {
            let user = waiting.removeFirst().user
            ownAllowance.noteWaiting(-1)
            deliver(open(for: user, attempts: addresses.count), to: user)
        }
    }
}
