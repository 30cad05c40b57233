import Glibc

/// An open file descriptor. Owned by exactly one value, closed when that value goes.
///
/// An error of close(2) is ignored: Linux has released the descriptor whatever it answers, and nothing that is written
/// through one of these is a file whose loss close could report.
package struct FileDescriptor: ~Copyable, Sendable {
    package let raw: Int32

    /// Takes over `raw`, which the caller has just been given by the system.
    init(owning raw: Int32) {
        precondition(raw >= 0)
        self.raw = raw
    }

    /// Takes over a descriptor that the process was started with. Throws EBADF when there is none of that number.
    init(inherited raw: Int32) throws(Errno) {
        guard raw >= 0, fcntl(raw, F_SETFD, FD_CLOEXEC) == 0 else { throw Errno(code: EBADF, call: "fcntl") }
        self.raw = raw
    }

    deinit { Kernel.close(raw) }

    /// Another descriptor for what is open here.
    package func duplicate(atLeast number: Int32 = 0) throws(Errno) -> FileDescriptor {
        let copy = fcntl(raw, F_DUPFD_CLOEXEC, number)
        guard copy >= 0 else { throw .current("fcntl") }
        return FileDescriptor(owning: copy)
    }

    /// For everybody who has the same open file.
    func setNonBlocking() throws(Errno) {
        let flags = fcntl(raw, F_GETFL)
        guard flags >= 0, fcntl(raw, F_SETFL, flags | O_NONBLOCK) == 0 else { throw .current("fcntl") }
    }

    /// Gives the descriptor up to somebody who closes it.
    package consuming func release() -> Int32 {
        let raw = raw
        discard self
        return raw
    }
}

/// What a non-blocking read or write came to.
package enum IOResult: Equatable, Sendable {
    /// So many bytes were moved, at least one.
    case bytes(Int)
    /// Nothing can be moved now; the loop will tell when.
    case wouldBlock
    /// The peer has closed its sending side. Only reads end so.
    case endOfStream
}
