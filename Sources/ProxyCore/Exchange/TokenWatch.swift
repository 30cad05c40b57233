/// How long to wait before looking whether a token has expired. Expiry is a time of day, which may be set while loops
/// wait by a clock that never is: so nobody waits for long without another look.
package enum TokenWatch {
    private static let secondsMax: Int64 = 30
    /// The two clocks may differ by a little. Not zero, so that looking again takes another turn of the loop.
    private static let least = Interval.milliseconds(1)

    /// - Parameter wallNanoseconds: the time of day, since 1970.
    package static func wait(for end: UnixTime, wallNanoseconds: UInt64) -> Interval {
        let (seconds, passed) = wallNanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let left = end.seconds - Int64(seconds)
        guard left > 0 else { return least }
        let wait = UInt64(min(left, secondsMax)) * 1_000_000_000 - passed
        return max(least, Interval(nanoseconds: wait))
    }
}
