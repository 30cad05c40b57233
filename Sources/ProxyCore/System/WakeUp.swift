/// An eventfd: makes a loop or a waiting thread look at its mailbox. Any thread may signal it; one waits for it.
package final class WakeUp: Sendable {
    package let descriptor: FileDescriptor

    package init() throws(Errno) {
        let raw = Kernel.createEvent()
        guard raw >= 0 else { throw .current("eventfd") }
        descriptor = FileDescriptor(owning: raw)
    }

    package func signal() {
        // It can fail only when the counter is full, and then the loop is awake already.
        _ = Kernel.signalEvent(descriptor.raw)
    }

    /// Takes back all signals so far.
    package func clear() {
        _ = Kernel.clearEvent(descriptor.raw)
    }
}
