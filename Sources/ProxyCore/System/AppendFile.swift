import Glibc

/// A file that lines are put at the end of, one or several at once. Belongs to one thread, which never waits for a
/// reader: a pipe or a terminal that takes no more is an error.
package final class AppendFile {
    package let path: String
    private var descriptor: FileDescriptor
    /// A line was cut off: the next one begins with a line feed, so that it stands alone.
    private var isTorn: Bool

    /// Opens the file, or makes it, for its owner only.
    package init(_ path: String) throws(Errno) {
        self.path = path
        descriptor = try Self.open(path)
        isTorn = Self.endsInsideALine(descriptor)
    }

    /// Opens the file anew: after it was renamed, what follows goes to a new one. On failure the old one stays.
    package func reopen() throws(Errno) {
        let descriptor = try Self.open(path)
        isTorn = Self.endsInsideALine(descriptor)
        self.descriptor = descriptor
    }

    /// Appends `lines`, which end with a line feed. When this returns, no end of this process can undo it; with
    /// `isDurable` no end of the machine either. When it throws, none, some or all of them are in the file.
    package func append(_ lines: [UInt8], isDurable: Bool) throws(Errno) {
        precondition(lines.last == ASCII.lineFeed)
        let bytes = isTorn ? [ASCII.lineFeed] + lines : lines
        var written = 0
        while written < bytes.count {
            let start = written
            // Sound: the pointer is valid for the call, which reads the bytes from `start` to the end.
            let count = unsafe bytes.withUnsafeBytes { source in
                unsafe Kernel.write(descriptor.raw, source.baseAddress.map { unsafe $0 + start }, source.count - start)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let error = count == 0 ? Errno(code: ENOSPC, call: "write") : Errno.current("write")
                if written > 0 { isTorn = bytes[written - 1] != ASCII.lineFeed }
                throw error
            }
            written += count
        }
        isTorn = false
        if isDurable, Kernel.flush(descriptor.raw, dataOnly: true) != 0 { throw .current("fdatasync") }
    }

    private static func open(_ path: String) throws(Errno) -> FileDescriptor {
        let raw = Kernel.open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0o600)
        guard raw >= 0 else { throw .current("open") }
        return FileDescriptor(owning: raw)
    }

    /// True when the last line has no end, as after a crash of the machine.
    private static func endsInsideALine(_ descriptor: borrowing FileDescriptor) -> Bool {
        var status = stat()
        guard Kernel.status(descriptor.raw, &status) == 0, status.st_size > 0 else { return false }
        guard status.st_mode & S_IFMT == S_IFREG else { return false }
        var byte: UInt8 = 0
        return unsafe Kernel.read(descriptor.raw, &byte, 1, at: status.st_size - 1) == 1 && byte != ASCII.lineFeed
    }
}
