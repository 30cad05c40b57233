import Synchronization

/// Shows whoever started the process that it is alive, as long as every loop turns: one that is stuck for long gets the
/// process restarted. Started and stopped by one thread.
package final class Watchdog: Sendable {
    private let notifier: ServiceNotifier
    private let pulses: [LoopPulse]
    private let time: Interval
    private let stopping: WakeUp
    private let thread = Mutex<Thread?>(nil)

    /// A turn of a loop takes milliseconds; one that takes this long will not end by itself.
    static let stuckAfter = Interval.seconds(10)

    private init(_ notifier: ServiceNotifier, _ pulses: [LoopPulse], _ time: Interval) throws(Errno) {
        self.notifier = notifier
        self.pulses = pulses
        self.time = time
        stopping = try WakeUp()
    }

    /// Begins; nil where nobody watches.
    ///
    /// - Parameter pulses: of all loops that have to turn.
    package static func start(_ notifier: ServiceNotifier, pulses: [LoopPulse]) throws(Errno) -> Watchdog? {
        guard let time = notifier.watchdog else { return nil }
        let watchdog = try Watchdog(notifier, pulses, time)
        let thread = try Thread.start(name: "watchdog") { watchdog.run() }
        watchdog.thread.withLock { $0 = thread }
        return watchdog
    }

    /// Ends its thread, and waits for that.
    package func end() {
        stopping.signal()
        thread.withLock({ $0.take() })?.join()
    }

    /// The loops that have been in one turn for longer than a turn takes, by their places in `pulses`.
    static func stuck(_ pulses: [LoopPulse], at now: Instant, after time: Interval = stuckAfter) -> [Int] {
        pulses.indices.filter { (pulses[$0].turnTime(at: now) ?? .zero) > time }
    }

    private func run() {
        // Twice in the time that there is, as sd_watchdog_enabled(3) wants it.
        let pause = Interval(nanoseconds: time.nanoseconds / 2)
        while true {
            let now = Clock.monotonic()
            if Self.stuck(pulses, at: now, after: min(Self.stuckAfter, time)).isEmpty { notifier.tell(.alive) }
            do throws(WaitError) {
                try Patience(until: now.advanced(by: pause), cancel: stopping).awaitDeadline()
            } catch {
                return
            }
        }
    }
}
