import Glibc

/// The error of a system call: its number, and the call that gave it.
package struct Errno: Error, Equatable, CustomStringConvertible {
    package let code: Int32
    package let call: StaticString

    package init(code: Int32, call: StaticString) {
        self.code = code
        self.call = call
    }

    /// An attempt to connect that was given up.
    package static let connectTimedOut = Errno(code: ETIMEDOUT, call: "connect")

    /// The error that the calling thread's last system call left behind.
    static func current(_ call: StaticString) -> Errno { Errno(code: errno, call: call) }

    package static func == (left: Errno, right: Errno) -> Bool { left.code == right.code }

    /// Out of file descriptors or of memory for sockets: nothing is wrong with the peer, and it passes.
    package var isResourceShortage: Bool {
        code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM
    }

    /// A shortage, or a disk or a server of files that is away for a moment: what is read later may be read well.
    package var mayPass: Bool {
        isResourceShortage || code == EAGAIN || code == EINTR || code == EIO || code == ESTALE
    }

    /// The peer has broken the connection off.
    package var isReset: Bool { code == ECONNRESET }
    package var isAddressInUse: Bool { code == EADDRINUSE }
    package var isConnectionRefused: Bool { code == ECONNREFUSED || code == ENOENT }
    /// Whoever read what is written has gone.
    package var isBrokenPipe: Bool { code == EPIPE }
    package var isFileTooLarge: Bool { code == EFBIG }
    package var isNotFound: Bool { code == ENOENT }

    /// The system's words for the error, such as "Connection refused".
    package var message: String {
        // Sound: strerror gives a terminated string, copied before any other call could change it; the glibc of this
        // platform keeps unknown codes in thread-local storage.
        guard let text = unsafe strerror(code) else { return "error \(code)" }
        return unsafe String(cString: text)
    }

    package var description: String { "\(call): \(message)" }
}
