import CLinux
import Glibc

/// The machine's clocks. Pure code takes the time as a parameter; only loops and commands ask for it here.
package enum Clock {
    package static func monotonic() -> Instant {
        let time = Kernel.time(CLOCK_MONOTONIC)
        return Instant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    package static func unixTime() -> UnixTime { UnixTime(Int64(Kernel.time(CLOCK_REALTIME).tv_sec)) }

    /// Nanoseconds since 1970, for log lines.
    package static func wallNanoseconds() -> UInt64 {
        let time = Kernel.time(CLOCK_REALTIME)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Processor time that the process has used, user and system, of all its threads.
    package static func processTime() -> Interval {
        let time = Kernel.time(CLOCK_PROCESS_CPUTIME_ID)
        return Interval(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }
}
