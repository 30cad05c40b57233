import Synchronization

/// Tells other threads since when a turn of a loop has been under way. A loop that waits for events has none, however
/// long it waits: only one that is stuck in a turn has an old one.
package final class LoopPulse: Sendable {
    /// In nanoseconds of the monotonic clock; 0 while the loop waits.
    private let began = Atomic<UInt64>(0)

    package init() {}

    /// For the loop.
    package func turnBegan(_ now: Instant) { began.store(now.nanoseconds, ordering: .relaxed) }

    /// For the loop.
    package func turnEnded() { began.store(0, ordering: .relaxed) }

    /// How long the turn under way has lasted; nil while the loop waits. Any thread.
    package func turnTime(at now: Instant) -> Interval? {
        let began = began.load(ordering: .relaxed)
        return began == 0 ? nil : now.since(Instant(nanoseconds: began))
    }
}
