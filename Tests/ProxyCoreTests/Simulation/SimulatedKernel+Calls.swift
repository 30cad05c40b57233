#if FAULT_INJECTION
    import CLinux
    import Glibc
    import ProxyCore

    // The system calls of a worker.

    extension SimulatedKernel {
        func answer(_ call: KernelCall) -> KernelAnswer {
            switch call {
            case .clock(let clock): time(clock)
            case .waitEpoll(_, let milliseconds): .events(wait(milliseconds))
            case .receive(let descriptor, let count, let flags): receive(descriptor, count, flags)
            case .send(let descriptor, let bytes, _): send(descriptor, bytes)
            case .accept(let listener): accept(listener)
            case .createSocket: createSocket()
            case .connect(let descriptor, let address): connect(descriptor, address)
            case .close(let descriptor): close(descriptor)
            case .createEpoll: .returns(Int(open(.epoll)))
            case .createEvent: .returns(Int(open(.event(SimulatedEvent()))))
            case .signalEvent(let descriptor): signal(descriptor)
            case .clearEvent(let descriptor): clear(descriptor)
            case .controlEpoll(_, let operation, let descriptor, let interest, let data):
                control(operation, descriptor, interest, data)
            case .bind: .returns(0)
            case .listen(let descriptor): listen(descriptor)
            case .localAddress: .address(Self.proxyAddress)
            case .pendingError(let descriptor): .returns(Int(socket(descriptor).takeError()))
            case .setOption(let descriptor, let level, let option): setOption(descriptor, level, option)
            case .shutDown(let descriptor, _): shutDown(descriptor)
            case .map, .random: .proceed
            case .createDirectory, .createNotifier, .createSignals, .changeOwner, .flush, .lock, .lookUp, .open,
                .openDirectory, .poll, .read, .readLink, .remove, .rename, .startThread, .status, .watchFolder, .write:
                preconditionFailure("a worker does not call \(call)")
            }
        }

        static var proxyAddress: SocketAddress { .ip(IPAddress(v4: 0x7F00_0001), port: 8080) }
        static let upstreamAddresses = [9000, 9001].map { SocketAddress.ip(IPAddress(v4: 0x7F00_0001), port: $0) }

        /// Connections may be had, to whichever upstream, and none is being made.
        func hasFreeConnections(of max: Int) -> Bool {
            var count = 0
            for case .socket(let socket) in descriptors.values where socket.upstream != nil {
                if socket.isConnecting { return false }
                count += 1
            }
            return count < max
        }

        func socket(_ descriptor: Int32) -> SimulatedSocket {
            guard case .socket(let socket)? = descriptors[descriptor] else {
                preconditionFailure("\(descriptor) is no connection")
            }
            return socket
        }

        private func time(_ clock: Int32) -> KernelAnswer {
            let time = clock == CLOCK_REALTIME ? now &+ wallOffset : now
            return .time(seconds: Int(time / 1_000_000_000), nanoseconds: Int(time % 1_000_000_000))
        }

        // MARK: - Bytes

        private func receive(_ descriptor: Int32, _ count: Int, _ flags: Int32) -> KernelAnswer {
            pass()
            let isPeeking = flags & Int32(MSG_PEEK) != 0
            let socket = socket(descriptor)
            let answer = socket.receive(count, peeking: isPeeking)
            trace("\(socket.name) reads \(Self.result(answer))")
            if case .fail(EAGAIN) = answer { return answer }
            if !isPeeking { needlessTurn?.append("\(socket.name) reads \(Self.result(answer))") }
            return answer
        }

        private static func result(_ answer: KernelAnswer) -> String {
            if case .bytes(let bytes) = answer { return "\(bytes.count)" }
            return "\(answer)"
        }

        private func send(_ descriptor: Int32, _ bytes: [UInt8]) -> KernelAnswer {
            pass()
            let count = socket(descriptor).send(bytes)
            if count != -Int(EAGAIN) { needlessTurn?.append("\(socket(descriptor).name) writes \(count)") }
            trace("\(socket(descriptor).name) writes \(count) of \(bytes.count)")
            return count < 0 ? .fail(Int32(-count)) : .returns(count)
        }

        // MARK: - Connections

        private func listen(_ descriptor: Int32) -> KernelAnswer {
            descriptors[descriptor] = .listener
            isListening = true
            return .returns(0)
        }

        private func accept(_ listener: Int32) -> KernelAnswer {
            pass()
            guard isListening else { return .fail(EINVAL) }
            guard !acceptQueue.isEmpty else { return .fail(EAGAIN) }
            if chance(faults.acceptShortage) {
                trace("no descriptor for a caller")
                return .fail(EMFILE)
            }
            let socket = acceptQueue.removeFirst()
            let descriptor = open(.socket(socket))
            socket.acceptedAt = now
            trace("\(socket.name) is accepted as \(descriptor)")
            return .accepted(descriptor, from: .ip(IPAddress(v4: 0x0A00_0001), port: 40_000))
        }

        private func createSocket() -> KernelAnswer {
            chance(faults.socketShortage) ? .fail(EMFILE) : .returns(Int(open(.unconnected)))
        }

        private func connect(_ descriptor: Int32, _ address: SocketAddress) -> KernelAnswer {
            pass()
            needlessTurn?.append("it connects")
            let (near, far) = makePair("upstream \(descriptor)'", "upstream \(descriptor)", bufferSize(), bufferSize())
            descriptors[descriptor] = .socket(near)
            near.upstream = Self.upstreamAddresses.firstIndex(of: address)
            near.isConnecting = true
            if chance(faults.silence) {
                trace("\(near.name): nobody answers")
            } else if chance(faults.refusals) {
                after(latency()) { near.connected(error: ECONNREFUSED) }
            } else {
                after(latency()) { [self] in
                    guard !near.isClosed else { return }
                    upstreamConnected(far)
                    near.connected(error: 0)
                }
            }
            return .fail(EINPROGRESS)
        }

        func bufferSize() -> Int { [700, 4_000, 30_000, 200_000, 200_000][random.next(upTo: 5)] }

        private func close(_ descriptor: Int32) -> KernelAnswer {
            guard let closed = descriptors.removeValue(forKey: descriptor) else { return .proceed }
            if let item = items.removeValue(forKey: descriptor), item.isRaised { raisedItems.removeAll { $0 === item } }
            switch closed {
            case .socket(let socket):
                needlessTurn?.append("\(socket.name) closes")
                socket.close()
            case .listener: stopListening()
            case .epoll, .event, .unconnected: break
            }
            return .returns(0)
        }

        private func stopListening() {
            isListening = false
            for socket in acceptQueue { socket.reset() }
            acceptQueue.removeAll()
        }

        private func setOption(_ descriptor: Int32, _ level: Int32, _ option: Int32) -> KernelAnswer {
            if case .socket(let socket)? = descriptors[descriptor], level == SOL_SOCKET, option == SO_LINGER {
                socket.lingersNot = true
            }
            return .returns(0)
        }

        private func shutDown(_ descriptor: Int32) -> KernelAnswer {
            pass()
            switch descriptors[descriptor] {
            case .socket(let socket):
                trace("\(socket.name) ends its side")
                needlessTurn?.append("\(socket.name) ends its side")
                socket.endSending()
            case .listener: stopListening()
            case .epoll, .event, .unconnected, nil: preconditionFailure("nothing to shut down")
            }
            return .returns(0)
        }

        // MARK: - Waiting

        private func signal(_ descriptor: Int32) -> KernelAnswer {
            guard case .event(let event)? = descriptors[descriptor] else { return .proceed }
            event.count += 1
            return .returns(0)
        }

        private func clear(_ descriptor: Int32) -> KernelAnswer {
            guard case .event(let event)? = descriptors[descriptor] else { return .proceed }
            pass()
            cleared()
            guard event.count > 0 else { return .fail(EAGAIN) }
            event.count = 0
            return .returns(0)
        }

        private func control(_ operation: Int32, _ descriptor: Int32, _ interest: UInt32, _ data: UInt64)
            -> KernelAnswer
        {
            if operation == EPOLL_CTL_DEL {
                guard let item = items.removeValue(forKey: descriptor) else { return .fail(ENOENT) }
                raisedItems.removeAll { $0 === item }
                return .returns(0)
            }
            guard items[descriptor] == nil else { return .fail(EEXIST) }
            let item: EpollItem
            switch descriptors[descriptor] {
            case .socket(let socket):
                precondition(interest & EPOLLET.rawValue != 0, "connections are watched edge-triggered")
                item = EpollItem(self, data: data, socket: socket) { [unowned socket] in socket.readiness }
                socket.watch = item
                if socket.readiness != 0 { item.raise() }
            case .event(let event):
                item = EpollItem(self, data: data) { event.count > 0 ? EPOLLIN.rawValue : 0 }
            case .listener:
                item = EpollItem(self, data: data) { [unowned self] in
                    acceptQueue.isEmpty ? 0 : EPOLLIN.rawValue
                }
            case .epoll, .unconnected, nil: preconditionFailure("nothing to watch")
            }
            items[descriptor] = item
            return .returns(0)
        }

        private func wait(_ milliseconds: Int32) -> [KernelAnswer.Event] {
            let wasNeedless = endNeedlessTurn()
            if !wasNeedless { waits += 1 }
            turn += 1
            now += UInt64(random.next(upTo: 20_000))
            let deadline = milliseconds < 0 ? UInt64.max : now + UInt64(milliseconds) * 1_000_000
            while true {
                deliver(isWaiting: true)
                willWait()
                let reports = takeReports(needless: wasNeedless ? 0 : faults.needlessEdges)
                if !reports.isEmpty || now >= deadline { return reports }
                let next = min(deadline, nextEventTime ?? .max)
                if next > now { rests(next) }
                // Not where the time that it wakes for, which it rounds up to milliseconds, may come meanwhile.
                if next > now, deadline - now > 2_000_000, !wasNeedless {
                    let needless = beginNeedlessTurn()
                    if !needless.isEmpty { return needless }
                }
                guard next != .max else {
                    idle()
                    continue
                }
                // Whoever waits for a time is now and then woken late.
                now = max(now, next)
                if next == deadline, random.next(upTo: 4) == 0 { now += UInt64(random.next(upTo: 3_000_000)) }
            }
        }

        /// Reports everything once more. Linux may do that at any time, and there is nothing in it for a worker that
        /// has done all that it could: if it finds something to do, it has missed that it was told before.
        private func beginNeedlessTurn() -> [KernelAnswer.Event] {
            guard chance(faults.probes) else { return [] }
            let reports = items.keys.sorted().compactMap { descriptor -> KernelAnswer.Event? in
                guard let item = items[descriptor], let bits = item.socket?.readinessAtRest, bits != 0 else {
                    return nil
                }
                return KernelAnswer.Event(bits: bits, data: item.data)
            }
            if !reports.isEmpty { needlessTurn = [] }
            return reports
        }

        /// True when there was one.
        private func endNeedlessTurn() -> Bool {
            guard let done = needlessTurn else { return false }
            needlessTurn = nil
            if !done.isEmpty { overslept(done.joined(separator: ", ")) }
            return true
        }

        /// What there is to report, in an order of the seed's.
        private func takeReports(needless: Int) -> [KernelAnswer.Event] {
            var ready = raisedItems
            raisedItems.removeAll()
            for item in ready { item.isRaised = false }
            let known = ready.count
            for descriptor in items.keys.sorted() {
                guard let item = items[descriptor] else { continue }
                if !item.isEdgeTriggered {
                    ready.append(item)
                } else if chance(needless), !ready[..<known].contains(where: { $0 === item }) {
                    ready.append(item)
                }
            }
            var reports: [KernelAnswer.Event] = []
            for item in ready {
                let bits = item.readiness()
                if bits != 0 { reports.append(KernelAnswer.Event(bits: bits, data: item.data)) }
            }
            if reports.count > 1 { reports.shuffle(using: &random) }
            return reports
        }
    }
#endif
