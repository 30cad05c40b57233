#if FAULT_INJECTION
    import CLinux
    import Glibc
    import ProxyCore

    /// Who has the far end of a connection to the proxy.
    protocol SimulatedPeer: AnyObject {
        /// Bytes, an end or an error have come, or there is room to send again.
        func changed(_ socket: SimulatedSocket)
        /// The proxy begins to send on its end, `near`.
        func isSentTo(from near: SimulatedSocket, _ bytes: [UInt8])
    }

    extension SimulatedPeer {
        func isSentTo(from near: SimulatedSocket, _ bytes: [UInt8]) {}
    }

    /// One end of a simulated TCP connection. The proxy's ends are known by descriptors; callers and upstreams hold
    /// theirs.
    ///
    /// It does what Linux does: what was received before a reset can still be read, the error of a reset is reported
    /// once, closing on unread bytes resets, and whoever sends to a closed end is reset.
    final class SimulatedSocket {
        private let kernel: SimulatedKernel
        /// For the trace.
        let name: String
        var peer: SimulatedSocket?
        weak var owner: (any SimulatedPeer)?
        /// The proxy's interest in it.
        var watch: EpollItem?
        /// Bytes that may be under way to it or wait in it.
        let capacity: Int

        private(set) var received = ByteQueue()
        private(set) var receivedEnd = false
        var isReset: Bool { resetAt != nil }
        /// When the other end broke the connection off, or it could not be made.
        private(set) var resetAt: UInt64?
        private(set) var isClosed = false
        private(set) var hasEndedSending = false
        var isConnecting = false
        var error: Int32 = 0
        var lingersNot = false
        /// How many bytes have arrived here, and how many have been sent, in all.
        private(set) var arrivedBytes = 0
        private(set) var sentBytes = 0
        let createdAt: UInt64
        /// When the proxy had it from its queue; nil for what it connected itself.
        var acceptedAt: UInt64?
        /// Which application is at the other end; nil at that of a caller.
        var upstream: Int?
        /// When this end was closed.
        private(set) var closedAt: UInt64?
        /// There was something in it that nobody had read.
        private(set) var closedOnUnread = false
        /// When what arrived here came, and when what was sent was first offered.
        private(set) var arrivals = ByteTimes()
        private(set) var offers = ByteTimes()
        /// When the proxy last looked whether there was something: in which turn of its loop, and at which time.
        private(set) var lookedAt: (turn: Int, time: UInt64)?
        /// The turn of the loop in which it last read.
        private(set) var readInTurn = 0
        private var inFlight = 0
        private var inFlightIsLost = false
        private var lastArrival: UInt64 = 0
        private var wantsRoom = false

        init(_ kernel: SimulatedKernel, name: String, capacity: Int) {
            self.kernel = kernel
            self.name = name
            self.capacity = capacity
            createdAt = kernel.now
        }

        /// Nothing is under way in either direction.
        var isAtRest: Bool { inFlight == 0 && (peer?.inFlight ?? 0) == 0 }
        /// All that it has sent has arrived.
        var hasAllArrived: Bool { inFlight == 0 }
        /// Nothing more will come.
        var isOver: Bool { received.isEmpty && (receivedEnd || isReset) }

        private var room: Int { (peer?.capacity ?? 0) - (peer?.received.count ?? 0) - inFlight }

        /// As Linux has it: a third of the buffer has to be free.
        private var isWritable: Bool { room * 3 >= (peer?.capacity ?? 0) }

        // MARK: - Calls

        /// The number of bytes that were taken, or a negative error.
        func send(_ bytes: [UInt8]) -> Int {
            peer?.owner?.isSentTo(from: self, bytes)
            offers.note(upTo: sentBytes + bytes.count, at: kernel.now)
            if error != 0 { return -Int(takeError()) }
            guard !isReset, !hasEndedSending, !isConnecting else { return isConnecting ? -Int(EAGAIN) : -Int(EPIPE) }
            guard room > 0 else {
                wantsRoom = true
                return -Int(EAGAIN)
            }
            var count = min(room, bytes.count)
            if owner == nil, count > 1, kernel.chance(kernel.faults.shortWrites) {
                count = 1 + kernel.random.next(upTo: count - 1)
                kernel.after(kernel.latency()) { [self] in tellRoom() }
            }
            if count < bytes.count { wantsRoom = true }
            sentBytes += count
            transmit(count == bytes.count ? bytes : Array(bytes[..<count]))
            return count
        }

        /// What recv(2) comes to.
        func receive(_ max: Int, peeking: Bool) -> KernelAnswer {
            if peeking { lookedAt = (kernel.turn, kernel.now) } else { readInTurn = kernel.turn }
            if !received.isEmpty { return .bytes(peeking ? received.peek(max) : read(max)) }
            // Behind an end, a reset is told by epoll and by the next write only.
            if error != 0, !receivedEnd { return .fail(takeError()) }
            return receivedEnd || isReset ? .returns(0) : .fail(EAGAIN)
        }

        func read(_ max: Int) -> [UInt8] {
            let bytes = received.take(max)
            roomWasMade()
            return bytes
        }

        func takeError() -> Int32 {
            defer { error = 0 }
            return error
        }

        func endSending() {
            guard !hasEndedSending, !isReset, !isConnecting else { return }
            hasEndedSending = true
            transmitEnd()
            if receivedEnd { watch?.raise() }
        }

        func close() {
            guard !isClosed else { return }
            isClosed = true
            closedAt = kernel.now
            closedOnUnread = !received.isEmpty
            watch = nil
            kernel.trace("\(name) closes\(lingersNot ? " with a reset" : received.isEmpty ? "" : " on unread bytes")")
            guard !isReset, !isConnecting else { return }
            if lingersNot || !received.isEmpty {
                transmitReset(mayLose: true)
            } else if !hasEndedSending {
                hasEndedSending = true
                transmitEnd()
            }
        }

        /// Breaks the connection off.
        func reset() {
            lingersNot = true
            close()
        }

        /// What epoll reports of it.
        var readiness: UInt32 {
            if isConnecting { return 0 }
            var bits: UInt32 = 0
            if isReset || receivedEnd && hasEndedSending { bits |= EPOLLHUP.rawValue }
            if isReset || receivedEnd { bits |= EPOLLIN.rawValue | EPOLLRDHUP.rawValue }
            if !received.isEmpty { bits |= EPOLLIN.rawValue }
            if isReset || hasEndedSending || isWritable { bits |= EPOLLOUT.rawValue } else { wantsRoom = true }
            if error != 0 { bits |= EPOLLERR.rawValue }
            return bits
        }

        /// What epoll may report of it once more when nothing has changed: not the room of which it will still tell.
        var readinessAtRest: UInt32 {
            let bits = readiness
            return wantsRoom && !isReset ? bits & ~EPOLLOUT.rawValue : bits
        }

        // MARK: - The way to the other end

        private func transmit(_ bytes: [UInt8]) {
            inFlight += bytes.count
            let pieces = kernel.chance(kernel.faults.segments) ? 2 + kernel.random.next(upTo: 3) : 1
            var start = 0
            for piece in 1...pieces where start < bytes.count {
                let left = bytes.count - start
                let count = piece == pieces ? left : 1 + kernel.random.next(upTo: left)
                let segment = Array(bytes[start..<(start + count)])
                start += count
                arriveInOrder { [self] in deliver(segment) }
            }
        }

        /// Bytes that arrive at once, and while the proxy waits: nobody may say that they crossed a request.
        func sendUnasked(_ bytes: [UInt8]) {
            guard !isClosed, !isReset, !hasEndedSending else { return }
            inFlight += bytes.count
            sentBytes += bytes.count
            deliver(bytes)
        }

        /// An end that arrives at once, where nothing is under way.
        func endAtOnce() {
            guard !isClosed, !isReset, !hasEndedSending, inFlight == 0, let peer, !peer.isReset else { return }
            hasEndedSending = true
            peer.receivedEnd = true
            peer.arrivals.noteEnd(at: kernel.now)
            kernel.trace("\(peer.name) <- end at once")
            peer.tellChange()
        }

        private func deliver(_ bytes: [UInt8]) {
            inFlight -= bytes.count
            guard let peer, !inFlightIsLost, !peer.isReset else { return }
            guard !peer.isClosed else { return peer.transmitReset(mayLose: false) }
            kernel.trace("\(peer.name) <- \(bytes.count) bytes")
            peer.received.append(bytes)
            peer.arrivedBytes += bytes.count
            peer.arrivals.note(upTo: peer.arrivedBytes, at: kernel.now)
            peer.tellChange()
        }

        private func transmitEnd() {
            arriveInOrder { [self] in
                guard let peer, !inFlightIsLost, !peer.isReset else { return }
                peer.receivedEnd = true
                peer.arrivals.noteEnd(at: kernel.now)
                kernel.trace("\(peer.name) <- end")
                peer.tellChange()
            }
        }

        private func transmitReset(mayLose: Bool) {
            if mayLose, kernel.random.next(upTo: 2) == 0 { inFlightIsLost = true }
            arriveInOrder { [self] in
                guard let peer, !peer.isReset, !peer.isClosed else { return }
                peer.resetAt = kernel.now
                peer.arrivals.noteEnd(at: kernel.now)
                // A connection that both sides have ended is no longer there to be reset.
                if !(peer.receivedEnd && peer.hasEndedSending) { peer.error = peer.receivedEnd ? EPIPE : ECONNRESET }
                // Elsewhere than on Linux, what has not been read is lost.
                if peer.owner != nil, kernel.random.next(upTo: 2) == 0 { peer.received.removeAll() }
                kernel.trace("\(peer.name) <- reset")
                peer.tellChange()
            }
        }

        private func arriveInOrder(_ action: @escaping () -> Void) {
            lastArrival = max(lastArrival, kernel.now + kernel.latency())
            kernel.at(lastArrival, action)
        }

        /// The connection was made, or could not be.
        func connected(error code: Int32) {
            isConnecting = false
            if code != 0 {
                error = code
                resetAt = kernel.now
            }
            tellChange()
        }

        private func roomWasMade() {
            guard let peer, peer.wantsRoom else { return }
            kernel.after(kernel.latency()) { peer.tellRoom() }
        }

        private func tellRoom() {
            guard wantsRoom, isWritable, !isClosed, !isReset else { return }
            wantsRoom = false
            tellChange()
        }

        private func tellChange() {
            if isClosed { return }
            watch?.raise()
            owner?.changed(self)
        }
    }
#endif
