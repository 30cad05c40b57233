import Synchronization

/// When a key was last used: when a good token that it signed came by, to the second. Goes between threads; noted by
/// every worker, at the cost of one load where the second is the same.
package final class KeyUse: Sendable {
    private let seconds = Atomic<Int64>(.min)

    package init() {}

    package func note(_ now: UnixTime) {
        guard seconds.load(ordering: .relaxed) != now.seconds else { return }
        seconds.store(now.seconds, ordering: .relaxed)
    }

    /// Nil when it was never used.
    package var last: UnixTime? {
        let seconds = seconds.load(ordering: .relaxed)
        return seconds == .min ? nil : UnixTime(seconds)
    }
}
