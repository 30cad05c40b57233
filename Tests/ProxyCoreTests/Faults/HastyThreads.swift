#if FAULT_INJECTION
    import Glibc
    import ProxyCore
    import Synchronization

    /// Stands between the program and the kernel: on some threads time passes as fast as they wait, and a closure
    /// answers other calls. Any thread.
    final class HastyThreads: KernelStandIn, Sendable {
        private let names: Set<String>
        private let ahead = Mutex<[String: Int]>([:])
        private let reply: @Sendable (KernelCall, _ thread: String) -> KernelAnswer

        init(_ names: String..., reply: @escaping @Sendable (KernelCall, _ thread: String) -> KernelAnswer) {
            self.names = Set(names)
            self.reply = reply
        }

        func answer(_ call: KernelCall) -> KernelAnswer { answer(call, on: "") }

        func answer(_ call: KernelCall, on thread: String) -> KernelAnswer {
            guard names.contains(thread) else { return reply(call, thread) }
            switch call {
            case .clock(CLOCK_MONOTONIC):
                let now = Clock.monotonic().nanoseconds
                let ahead = ahead.withLock { $0[thread, default: 0] }
                return .time(seconds: Int(now / 1_000_000_000) + ahead, nanoseconds: Int(now % 1_000_000_000))
            case .poll(let interests, let milliseconds) where milliseconds > 50:
                // Long enough for what other threads have to do, most of the time.
                var polled = interests.map { pollfd(fd: $0.descriptor, events: $0.events, revents: 0) }
                if unsafe poll(&polled, nfds_t(polled.count), 50) > 0 { return .proceed }
                ahead.withLock { $0[thread, default: 0] += Int(milliseconds) / 1000 + 1 }
                return .polled(interests.map { _ in 0 })
            case _: return reply(call, thread)
            }
        }
    }
#endif
