import Glibc

/// The two streams that a program speaks on. Blocking: for commands, never for event loops.
package enum StandardStream: Sendable {
    case output
    case error

    private var descriptor: Int32 {
        switch self {
        case .output: STDOUT_FILENO
        case .error: STDERR_FILENO
        }
    }

    /// True for a terminal whose user has not asked for no colours (no-color.org: `NO_COLOR` set and not empty).
    package var showsColors: Bool {
        guard isatty(descriptor) == 1, ProcessEnvironment.value("TERM") != "dumb" else { return false }
        return ProcessEnvironment.value("NO_COLOR")?.isEmpty ?? true
    }

    /// Writes everything, waiting for a slow reader.
    package func write(_ bytes: [UInt8]) throws(Errno) {
        var offset = 0
        while offset < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { bytes in
                unsafe Kernel.write(descriptor, bytes.baseAddress?.advanced(by: offset), bytes.count - offset)
            }
            if count > 0 {
                offset += count
            } else if errno == EAGAIN {
                // Somebody who shares the stream made it non-blocking.
                var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe Kernel.poll(&polled, 1, -1)
            } else if errno != EINTR {
                throw .current("write")
            }
        }
    }
}
