/// When the token of one target is asked for. A machine without clock, socket or chance: it is told what happened and
/// when, and says when the next attempt is due.
package struct TokenSchedule: Sendable {
    /// When the next attempt is due.
    package private(set) var next: Instant
    /// Attempts that failed since the last one that did not.
    package private(set) var failures = 0
    /// A target that refuses a token before this causes no attempt: whoever refuses every token must not be able to
    /// have one made for each call.
    package private(set) var refusalsCountFrom = Instant(nanoseconds: 0)

    /// Between two renewals that a target has asked for.
    package static let refusalPause = Interval.seconds(10)
    /// What a token's use ends before its end, so that it does not expire on the way: a tenth of its life, and no more
    /// than this.
    private static let marginMax = Interval.seconds(5)
    private static let retries = KeySchedule(KeyRefresh())

    /// The first attempt is due at once.
    package init(now: Instant) { next = now }

    package func isDue(_ now: Instant) -> Bool { now >= next }

    /// An attempt brought a token that lives for `lifetime` from its request on.
    ///
    /// - Parameters:
    ///   - asked: when it was asked for. The server counts from later on, so no clock has to agree with another.
    ///   - jitter: in 0..<1. A fleet that was started together drifts apart.
    /// - Returns: until when it may be used.
    package mutating func obtained(lifetime: Interval, asked: Instant, now: Instant, jitter: Double) -> Instant {
        failures = 0
        let renewal = asked.advanced(by: .seconds(lifetime.seconds * (0.75 + 0.05 * jitter)))
        // Where a token lives for a second or two, the server is still not asked without a pause.
        next = max(renewal, now.advanced(by: .milliseconds(500)))
        let margin = min(Interval(nanoseconds: lifetime.nanoseconds / 10), Self.marginMax)
        return asked.advanced(by: Interval(nanoseconds: lifetime.nanoseconds - margin.nanoseconds))
    }

    /// An attempt failed: the next comes after a pause that doubles from 1 s to 60 s.
    package mutating func failed(now: Instant, jitter: Double) {
        failures += 1
        next = now.advanced(by: Self.retries.retryDelay(failures: failures, jitter: jitter))
    }

    /// A call waits, since there is no token that may be used. After a failure it is for the pause to end first.
    package mutating func wanted(now: Instant) {
        if failures == 0 { next = min(next, now) }
    }

    /// The target has refused the token that is in use.
    package mutating func refused(now: Instant) {
        guard now >= refusalsCountFrom else { return }
        refusalsCountFrom = now.advanced(by: Self.refusalPause)
        if failures == 0 { next = min(next, now) }
    }

    /// The files with the credentials have changed.
    package mutating func credentialsChanged(now: Instant) { next = min(next, now) }
}
