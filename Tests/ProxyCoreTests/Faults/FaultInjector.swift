#if FAULT_INJECTION
    import Glibc
    import ProxyCore
    import Synchronization

    /// Stands between the program and the kernel: counts the calls, and lets one fault befall them. Any thread.
    final class FaultInjector: KernelStandIn, Sendable {
        private struct Watched {
            let epoll: Int32
            let interest: UInt32
            let data: UInt64
        }

        private struct State {
            var isArmed = false
            var fault: Fault?
            var counts: [Fault.Place: Int] = [:]
            var strikes = 0
            var watched: [Int32: Watched] = [:]
        }

        private let state = Mutex(State())
        /// A shortage is over after so many calls more. Some calls are made again and again while there is one.
        private static let shortageCalls = 6

        /// From now on calls are counted, from nothing, and the fault strikes when its call comes.
        func arm(_ fault: Fault?) {
            state.withLock { state in
                state.isArmed = true
                state.fault = fault
                state.counts = [:]
                state.strikes = 0
            }
        }

        /// Calls are the kernel's again: the shortage, if there is one, is over.
        func disarm() { state.withLock { $0.isArmed = false } }

        /// A shortage that has begun is over; calls go on being counted.
        func endShortage() {
            state.withLock { state in
                if state.strikes > 0 { state.fault = nil }
            }
        }

        /// How many calls came of each kind, on each thread, while this was armed.
        var counts: [Fault.Place: Int] { state.withLock { $0.counts } }
        /// How often the fault struck.
        var strikes: Int { state.withLock { $0.strikes } }

        func answer(_ call: KernelCall) -> KernelAnswer { .proceed }

        func answer(_ call: KernelCall, on thread: String) -> KernelAnswer {
            let effect = state.withLock { state in
                Self.watch(call, &state.watched)
                return state.isArmed ? Self.count(Fault.Place(thread: thread, call: call.name), &state) : nil
            }
            switch effect {
            case nil: return .proceed
            case .error(let code), .shortage(let code):
                if code == EAGAIN { reportAgain(call) }
                if Self.breaksConnection(code) { Self.breakConnection(call) }
                return .fail(code)
            case .oneByte:
                reportAgain(call)
                return .atMost(1)
            }
        }

        private static func count(_ place: Fault.Place, _ state: inout State) -> Fault.Effect? {
            let number = state.counts[place, default: 0] + 1
            state.counts[place] = number
            guard let fault = state.fault, fault.place == place, number >= fault.number else { return nil }
            switch fault.effect {
            case .error, .oneByte: if number > fault.number { return nil }
            case .shortage: if number > fault.number + Self.shortageCalls { return nil }
            }
            state.strikes += 1
            return fault.effect
        }

        /// After these a connection is dead: what follows finds its end.
        private static func breaksConnection(_ code: Int32) -> Bool {
            [ECONNRESET, EPIPE, ETIMEDOUT, ENOTCONN].contains(code)
        }

        private static func breakConnection(_ call: KernelCall) {
            switch call {
            case .receive(let socket, _, _): shutdown(socket, Int32(SHUT_RDWR))
            case .send(let socket, _, _): shutdown(socket, Int32(SHUT_RDWR))
            case _: break
            }
        }

        /// Remembers what is watched edge-triggered.
        private static func watch(_ call: KernelCall, _ watched: inout [Int32: Watched]) {
            switch call {
            case .controlEpoll(let epoll, let operation, let descriptor, let interest, let data):
                let isEdgeTriggered = interest & 1 << 31 != 0
                let isAdded = operation == 1 && isEdgeTriggered
                watched[descriptor] = isAdded ? Watched(epoll: epoll, interest: interest, data: data) : nil
            case .close(let descriptor): watched[descriptor] = nil
            case _: break
            }
        }

        /// What is kept back of a read or a write comes later, as it would on a network: epoll tells of that.
        private func reportAgain(_ call: KernelCall) {
            let descriptor: Int32
            switch call {
            case .receive(let socket, _, _): descriptor = socket
            case .send(let socket, _, _): descriptor = socket
            case _: return
            }
            guard let watched = state.withLock({ $0.watched[descriptor] }) else { return }
            KernelStandIns.reportAgain(
                epoll: watched.epoll, descriptor: descriptor, interest: watched.interest, data: watched.data)
        }
    }

    extension KernelCall {
        /// The name of the case.
        var name: String { Mirror(reflecting: self).children.first?.label ?? "\(self)" }
    }
#endif
