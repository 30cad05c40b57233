/// A point on the monotonic clock, in nanoseconds. For deadlines; it has no relation to the time of day.
package struct Instant: Sendable, Comparable {
    package var nanoseconds: UInt64

    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// Later than every instant that a clock will give.
    package static let never = Instant(nanoseconds: .max)

    package static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

    /// This instant plus `interval`; `.never` when the interval is unlimited or the sum is out of range.
    package func advanced(by interval: Interval?) -> Instant {
        guard let interval else { return .never }
        let (sum, overflow) = nanoseconds.addingReportingOverflow(interval.nanoseconds)
        return overflow ? .never : Instant(nanoseconds: sum)
    }

    /// The time from `earlier` to this instant, or zero when it lies after it.
    package func since(_ earlier: Instant) -> Interval {
        Interval(nanoseconds: nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0)
    }
}

/// A length of time, in nanoseconds.
package struct Interval: Sendable, Comparable {
    package var nanoseconds: UInt64

    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    package static let zero = Interval(nanoseconds: 0)

    package static func milliseconds(_ value: Int) -> Interval { Interval(nanoseconds: UInt64(value) * 1_000_000) }

    /// Seconds, with decimals; not negative and at most about 500 years.
    package static func seconds(_ value: Double) -> Interval {
        precondition(value >= 0 && value <= 1.6e10)
        return Interval(nanoseconds: UInt64(value * 1e9))
    }

    package static func < (left: Interval, right: Interval) -> Bool { left.nanoseconds < right.nanoseconds }

    package var microseconds: Int { Int(nanoseconds / 1000) }
    package var milliseconds: Int { Int(nanoseconds / 1_000_000) }
    package var seconds: Double { Double(nanoseconds) / 1e9 }
}

/// Seconds since 1970-01-01T00:00:00Z, as in `exp`, `nbf` and `iat` (NumericDate, RFC 7519 section 2).
package struct UnixTime: Sendable, Comparable {
    package var seconds: Int64

    package init(_ seconds: Int64) { self.seconds = seconds }

    package static func < (left: UnixTime, right: UnixTime) -> Bool { left.seconds < right.seconds }
}
