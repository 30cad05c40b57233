import CLinux
import Glibc

/// Signals as events: they are blocked in every thread and read from a descriptor by the one that waits for them.
package struct SignalReader: ~Copyable {
    package enum Signal: Sendable {
        /// SIGTERM or SIGINT: end in good order.
        case terminate
        /// SIGHUP.
        case hangup
    }

    private let descriptor: FileDescriptor

    /// Blocks the signals in the calling thread and in those that it starts from now on. SIGPIPE is ignored for the
    /// whole process: a closed pipe on standard output is an error code, not an end.
    package init() throws(Errno) {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGTERM)
        unsafe sigaddset(&set, SIGINT)
        unsafe sigaddset(&set, SIGHUP)
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
        let raw = Kernel.createSignals(set)
        guard raw >= 0 else { throw .current("signalfd") }
        descriptor = FileDescriptor(owning: raw)
    }

    /// Waits for a signal, or until `wakeUp` is signalled: then nil.
    package func wait(orUntil wakeUp: WakeUp) -> Signal? {
        while true {
            var polled = [
                pollfd(fd: descriptor.raw, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wakeUp.descriptor.raw, events: Int16(POLLIN), revents: 0),
            ]
            guard unsafe Kernel.poll(&polled, 2, -1) > 0 else { continue }
            if polled[1].revents != 0 {
                wakeUp.clear()
                return nil
            }
            if let signal = read() { return signal }
        }
    }

    /// From now on SIGTERM and SIGINT end the process, as they do where nobody reads them. For the thread that made
    /// this, when it is about to wait for something else.
    package func letThrough() {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGTERM)
        unsafe sigaddset(&set, SIGINT)
        unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    private func read() -> Signal? {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        guard unsafe Kernel.read(descriptor.raw, &info, size) == size else { return nil }
        switch Int32(info.ssi_signo) {
        case SIGTERM, SIGINT: return .terminate
        case SIGHUP: return .hangup
        default: return nil
        }
    }
}
