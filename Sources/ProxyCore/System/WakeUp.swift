import CLinux
import Glibc

/// An eventfd: makes a loop or a waiting thread look at its mailbox. Any thread may signal it; one waits for it.
package final class WakeUp: Sendable {
    package let descriptor: FileDescriptor

    package init() throws(Errno) {
        let raw = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard raw >= 0 else { throw .current("eventfd") }
        descriptor = FileDescriptor(owning: raw)
    }

    package func signal() {
        // It can fail only when the counter is full, and then the loop is awake already.
        _ = eventfd_write(descriptor.raw, 1)
    }

    /// Takes back all signals so far.
    package func clear() {
        var count: eventfd_t = 0
        _ = unsafe eventfd_read(descriptor.raw, &count)
    }
}
