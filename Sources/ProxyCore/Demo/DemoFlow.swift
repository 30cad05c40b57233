import Synchronization

/// A steady flow of calls, one after the other, on a thread of its own.
final class DemoFlow: Sendable {
    private let called = Atomic<Int>(0)
    private let failedCalls = Atomic<Int>(0)
    private let end: WakeUp
    private let thread = Mutex<Thread?>(nil)

    /// Between two calls.
    private static let pause = Interval.milliseconds(5)

    /// Starts to call; what does not answer 200 has failed.
    init(_ call: @escaping @Sendable () -> DemoAnswer?) throws(Errno) {
        let end = try WakeUp()
        self.end = end
        let started = try Thread.start(name: "demo-flow") { [self] in
            let patience = Patience(until: .never, cancel: end)
            while (try? patience.atMost(Self.pause).awaitDeadline()) != nil {
                if call()?.status != 200 { failedCalls.add(1, ordering: .relaxed) }
                called.add(1, ordering: .sequentiallyConsistent)
            }
        }
        thread.withLock { $0 = started }
    }

    /// Those that have ended.
    var calls: Int { called.load(ordering: .sequentiallyConsistent) }
    var failed: Int { failedCalls.load(ordering: .relaxed) }

    /// Ends with the call that is under way. To be called once.
    func stop() {
        end.signal()
        thread.withLock({ $0.take() })?.join()
    }
}
