import CLinux
import Glibc

/// How long a blocking call may take: until a moment, and no longer than until somebody signals `cancel`.
///
/// For threads that do one thing at a time and may wait. Event loops never wait so.
package struct Patience: Sendable {
    package let deadline: Instant
    /// Once signalled it has to stay so: every later call ends at once too.
    package let cancel: WakeUp

    package init(until deadline: Instant, cancel: WakeUp) {
        self.deadline = deadline
        self.cancel = cancel
    }

    /// The same, but for at most `interval` from now.
    package func atMost(_ interval: Interval) -> Patience {
        Patience(until: min(deadline, Clock.monotonic().advanced(by: interval)), cancel: cancel)
    }

    /// Returns when `descriptor` can be read.
    package func awaitReadable(_ descriptor: borrowing FileDescriptor) throws(WaitError) {
        try wait(descriptor.raw, POLLIN)
    }

    /// Returns when `wakeUp` has been signalled, and takes the signal back.
    package func awaitSignal(of wakeUp: WakeUp) throws(WaitError) {
        try wait(wakeUp.descriptor.raw, POLLIN)
        wakeUp.clear()
    }

    /// Returns when the deadline has come. Throws only `.cancelled`.
    package func awaitDeadline() throws(WaitError) {
        do throws(WaitError) {
            // poll(2) passes over negative descriptors.
            try wait(-1, POLLIN)
        } catch {
            guard case .timedOut = error else { throw error }
        }
    }

    /// Returns when `descriptor` can be written, or has failed: the write that follows tells.
    package func awaitWritable(_ descriptor: borrowing FileDescriptor) throws(WaitError) {
        try wait(descriptor.raw, POLLOUT)
    }

    private func wait(_ descriptor: Int32, _ events: Int32) throws(WaitError) {
        var interests: InlineArray<2, pollfd> = [
            pollfd(fd: cancel.descriptor.raw, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor, events: Int16(events), revents: 0),
        ]
        while true {
            let timeout = millisecondsLeft
            var span = interests.mutableSpan
            // Sound: the two elements are contiguous and outlive the call, which is told their number.
            let ready = unsafe span.withUnsafeMutableBufferPointer { unsafe Kernel.poll($0.baseAddress, 2, timeout) }
            guard ready >= 0 else {
                if errno == EINTR { continue }
                throw .failed(.current("poll"))
            }
            if interests[0].revents != 0 { throw .cancelled }
            if interests[1].revents != 0 { return }
            // A wait is cut after a day, and a timer may be a little early: ask the clock.
            if Clock.monotonic() >= deadline { throw .timedOut }
        }
    }

    /// Rounded up, so that a wait never ends in a spin; at most a day.
    private var millisecondsLeft: Int32 {
        let left = deadline.since(Clock.monotonic()).nanoseconds
        return Int32(min((left / 1_000_000) + (left % 1_000_000 == 0 ? 0 : 1), 86_400_000))
    }
}

/// Why a blocking call did not come to its end.
package enum WaitError: Error, Equatable, Sendable {
    case timedOut
    case cancelled
    case failed(Errno)
}
