import CLinux
import Glibc

/// What the kernel reports of one descriptor.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Reading may give bytes, the end of the stream or an error.
    package static let readable = Readiness(rawValue: 1)
    package static let writable = Readiness(rawValue: 2)
    /// The peer has closed its sending side, or the connection is broken: reading on finds the end.
    package static let closing = Readiness(rawValue: 4)
    /// An error has broken the connection, in both directions. Behind the end of what the peer sent, no read tells.
    package static let broken = Readiness(rawValue: 8)
}

/// One epoll instance. Owned and used by one thread.
///
/// Connections are registered once, edge-triggered, for both directions: whoever owns one remembers its readiness until
/// a read or write says "not now", which saves a system call at each change of interest.
@safe
package final class Epoll {
    private let epoll: FileDescriptor
    private let events: UnsafeMutableBufferPointer<epoll_event>
    private let capacity = 512
    private var reported = 0
    private var hasWaited = false

    package init() throws(Errno) {
        let raw = Kernel.createEpoll()
        guard raw >= 0 else { throw .current("epoll_create1") }
        epoll = FileDescriptor(owning: raw)
        unsafe events = .allocate(capacity: capacity)
        unsafe events.initialize(repeating: epoll_event())
    }

    deinit { unsafe events.deallocate() }

    /// Registers a connection for both directions, edge-triggered.
    package func addConnection(_ descriptor: borrowing FileDescriptor, _ registration: Registration) throws(Errno) {
        let interest = EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue
        try control(EPOLL_CTL_ADD, descriptor, interest, registration)
    }

    /// Registers a listener or a wake-up descriptor: reported again on each wait while it is readable.
    package func addLevelTriggered(_ descriptor: borrowing FileDescriptor, _ registration: Registration) throws(Errno) {
        try control(EPOLL_CTL_ADD, descriptor, EPOLLIN.rawValue, registration)
    }

    /// Registers one of several descriptors of one listening socket, which other loops wait for as well: a connection
    /// wakes the loop that has waited for it longest, and no other (EPOLLEXCLUSIVE).
    package func addShared(_ descriptor: borrowing FileDescriptor, _ registration: Registration) throws(Errno) {
        try control(EPOLL_CTL_ADD, descriptor, EPOLLIN.rawValue | EPOLLEXCLUSIVE.rawValue, registration)
    }

    /// Stops reports for a descriptor that stays open. A descriptor that is closed leaves by itself.
    package func remove(_ descriptor: borrowing FileDescriptor) {
        // It fails only for a descriptor that was not registered, and then there is nothing to stop.
        try? control(EPOLL_CTL_DEL, descriptor, 0, Registration(slot: 0, generation: 0))
    }

    /// Waits until something is reported or `deadline` has come. The events are then in `event(at:)`.
    package func wait(until deadline: Instant, now: Instant) -> Int {
        let status = unsafe Kernel.waitEpoll(epoll.raw, events, timeout(deadline, now))
        precondition(status >= 0 || errno == EINTR, "epoll_wait fails only for arguments of ours")
        // A wait that a signal interrupts has looked at nothing.
        hasWaited = status >= 0
        reported = max(0, Int(status))
        return reported
    }

    /// True when the last wait had room for more: nothing that had happened by then was left out of its report.
    package var hasReportedAll: Bool { hasWaited && reported < capacity }

    package func event(at index: Int) -> (registration: Registration, readiness: Readiness) {
        precondition(index >= 0 && index < reported)
        let event = unsafe events[index]
        let bits = unsafe event.events
        var readiness: Readiness = []
        if bits & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 {
            readiness.insert(.readable)
        }
        if bits & (EPOLLOUT.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 { readiness.insert(.writable) }
        if bits & (EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 { readiness.insert(.closing) }
        if bits & EPOLLERR.rawValue != 0 { readiness.insert(.broken) }
        return unsafe (Registration(packed: event.data.u64), readiness)
    }

    /// Milliseconds until the deadline, rounded up, so that the wait does not end just before it.
    private func timeout(_ deadline: Instant, _ now: Instant) -> Int32 {
        if deadline == .never { return -1 }
        let milliseconds = (deadline.since(now).nanoseconds + 999_999) / 1_000_000
        return Int32(min(milliseconds, 60_000))
    }

    private func control(
        _ operation: Int32, _ descriptor: borrowing FileDescriptor, _ interest: UInt32, _ registration: Registration
    ) throws(Errno) {
        let status = Kernel.controlEpoll(epoll.raw, operation, descriptor.raw, interest, registration.packed)
        guard status == 0 else { throw .current("epoll_ctl") }
    }
}
