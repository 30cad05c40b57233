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

    deinit { Kernel.close(raw) }
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
