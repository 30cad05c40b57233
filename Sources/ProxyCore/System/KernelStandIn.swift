#if FAULT_INJECTION
    import CLinux
    import Glibc
    import Synchronization

    /// Stands between this program and the kernel in a test: makes system calls fail, shortens them, or answers them in
    /// the kernel's place. There is nothing of this in a release build.
    package protocol KernelStandIn: AnyObject {
        /// Called on the thread that makes the call, before the call. Calls that it makes itself reach the kernel.
        func answer(_ call: KernelCall) -> KernelAnswer

        /// What is called; asks `answer(_:)` unless it is implemented.
        ///
        /// - Parameter thread: its name, as `Thread.start` was told; empty for the one that began to stand in.
        func answer(_ call: KernelCall, on thread: String) -> KernelAnswer
    }

    extension KernelStandIn {
        package func answer(_ call: KernelCall, on thread: String) -> KernelAnswer { answer(call) }
    }

    /// Who stands in for the kernel on which thread.
    package enum KernelStandIns {
        /// Runs `body` with `standIn` in the kernel's place, for calls of this thread only.
        package static func with<Result, Failure: Error>(
            _ standIn: any KernelStandIn, _ body: () throws(Failure) -> Result
        ) throws(Failure) -> Result {
            try run(StandInPlace(standIn, heir: nil), body)
        }

        /// Runs `body` with `standIn` in the kernel's place, for calls of this thread and, as long as they run, of all
        /// threads that it starts meanwhile, and that those start.
        package static func withInherited<Result, Failure: Error>(
            _ standIn: any KernelStandIn & Sendable, _ body: () throws(Failure) -> Result
        ) throws(Failure) -> Result {
            try run(StandInPlace(standIn, heir: standIn), body)
        }

        /// Runs `body` with nobody in the kernel's place, for calls of this thread and of threads that it starts.
        package static func without<Result, Failure: Error>(
            _ body: () throws(Failure) -> Result
        ) throws(Failure) -> Result {
            try run(nil, body)
        }

        /// What a thread that this one starts is to have.
        static var heir: (any KernelStandIn & Sendable)? { place?.heir }

        /// Whoever stands in on this thread is asked; nil when nobody does.
        static func answer(_ call: () -> KernelCall) -> KernelAnswer? {
            guard used.load(ordering: .relaxed), let place else { return nil }
            let call = call()
            return without { place.standIn.answer(call, on: place.thread) }
        }

        /// For a new thread.
        static func inherit(_ heir: (any KernelStandIn & Sendable)?, thread: String, _ body: () -> Void) {
            guard let heir else { return body() }
            run(StandInPlace(heir, heir: heir, thread: thread), body)
        }

        /// Makes epoll report the state that a descriptor has now, as it does of one that is edge-triggered when more
        /// comes: for a stand-in that has kept something back of what had been reported.
        package static func reportAgain(epoll: Int32, descriptor: Int32, interest: UInt32, data: UInt64) {
            without { _ = Kernel.controlEpoll(epoll, EPOLL_CTL_MOD, descriptor, interest, data) }
        }

        // MARK: - The thread's place

        /// True from the first time that anybody stood in.
        private static let used = Atomic<Bool>(false)

        private static let key: pthread_key_t = {
            var key: pthread_key_t = 0
            let code = unsafe pthread_key_create(&key, nil)
            precondition(code == 0, "a process may have a thousand keys")
            return key
        }()

        private static var place: StandInPlace? {
            guard let pointer = unsafe pthread_getspecific(key) else { return nil }
            // Sound: `run` of this thread put it there, and holds it until it takes it away again.
            return unsafe Unmanaged<StandInPlace>.fromOpaque(pointer).takeUnretainedValue()
        }

        private static func run<Result, Failure: Error>(
            _ place: StandInPlace?, _ body: () throws(Failure) -> Result
        ) throws(Failure) -> Result {
            used.store(true, ordering: .relaxed)
            let before = unsafe pthread_getspecific(key)
            _ = unsafe pthread_setspecific(key, place.map { unsafe Unmanaged.passUnretained($0).toOpaque() })
            defer {
                _ = unsafe pthread_setspecific(key, before)
                withExtendedLifetime(place) {}
            }
            return try body()
        }
    }

    private final class StandInPlace {
        let standIn: any KernelStandIn
        let heir: (any KernelStandIn & Sendable)?
        let thread: String

        init(_ standIn: any KernelStandIn, heir: (any KernelStandIn & Sendable)?, thread: String = "") {
            self.standIn = standIn
            self.heir = heir
            self.thread = thread
        }
    }

    // What CLibSSL's socket calls in place of recv and send.

    @_cdecl("scopeproxy_recv")
    func receiveForTLS(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int, _ flags: Int32) -> Int {
        unsafe Kernel.receive(descriptor, bytes, count, flags)
    }

    @_cdecl("scopeproxy_send")
    func sendForTLS(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ flags: Int32) -> Int {
        unsafe Kernel.send(descriptor, bytes, count, flags)
    }
#endif
