import CLinux
import Glibc

/// The descriptor that a log goes to. Belongs to the thread that writes.
///
/// Other programs may write there too. Nothing here changes what they share with us: a descriptor is made non-blocking
/// only where it can be opened a second time.
struct LogTarget: ~Copyable {
    private enum Kind {
        /// Takes everything at once: a file or a device.
        case file
        /// A pipe that was opened a second time, so that a write to it never waits for its reader.
        case pipe(Int32)
        /// What the system logger of many machines gives as standard error.
        case socket
        /// A terminal, or a pipe that cannot be opened again: a write may wait although there was room just before,
        /// when another program has taken that.
        case other
    }

    private let descriptor: Int32
    private let kind: Kind
    /// The pipe, opened once more.
    private let reopened: FileDescriptor?
    /// Whether a full disk is waited for.
    private let waitsForSpace: Bool
    /// The last line that was begun could not be ended.
    private var isTorn = false

    /// What a pipe takes at once, or not at all (PIPE_BUF of pipe(7)).
    private static let pieceBytesMax = 4096
    /// How often a writer that waits looks whether it has to end.
    private static let endCheckMilliseconds: Int32 = 100

    /// - Parameter descriptor: stays the caller's.
    init(_ descriptor: Int32, waitsForSpace: Bool) {
        self.descriptor = descriptor
        self.waitsForSpace = waitsForSpace
        var status = stat()
        let type = Kernel.status(descriptor, &status) == 0 ? status.st_mode & S_IFMT : 0
        let raw = type == S_IFIFO ? Self.reopen(descriptor) : -1
        if type == S_IFSOCK {
            kind = .socket
        } else if type == S_IFREG || type == S_IFCHR && isatty(descriptor) != 1 {
            kind = .file
        } else {
            kind = raw < 0 ? .other : .pipe(raw)
        }
        reopened = raw < 0 ? nil : FileDescriptor(owning: raw)
    }

    /// The pipe's own descriptor of ours, or -1.
    private static func reopen(_ descriptor: Int32) -> Int32 {
        Kernel.open("/proc/self/fd/\(descriptor)", O_WRONLY | O_NONBLOCK | O_CLOEXEC)
    }

    /// Writes whole lines, waiting for a slow reader. How many of them were not written: because the target fails, or
    /// because `isOver`, which is asked again and again while there is something to wait for, has become true.
    mutating func write(_ bytes: [UInt8], isOver: () -> Bool) -> Int {
        if isTorn {
            let lineFeed = [ASCII.lineFeed]
            guard writeAll(lineFeed, isOver) == 1 else { return Self.lines(in: bytes[...]) }
            isTorn = false
        }
        let written = writeAll(bytes, isOver)
        if written > 0, bytes[written - 1] != ASCII.lineFeed { isTorn = true }
        return Self.lines(in: bytes[written...])
    }

    private static func lines(in bytes: ArraySlice<UInt8>) -> Int {
        bytes.reduce(0) { $1 == ASCII.lineFeed ? $0 + 1 : $0 }
    }

    private func writeAll(_ bytes: [UInt8], _ isOver: () -> Bool) -> Int {
        var offset = 0
        while offset < bytes.count {
            if case .other = kind, !awaitRoom(isOver) { return offset }
            let count = writePiece(of: bytes, from: offset)
            if count > 0 {
                offset += count
                continue
            }
            switch errno {
            case EINTR: break
            case EAGAIN: if !awaitRoom(isOver) { return offset }
            case ENOSPC where waitsForSpace, EDQUOT where waitsForSpace: if !awaitSpace(isOver) { return offset }
            case _: return offset
            }
        }
        return offset
    }

    private func writePiece(of bytes: [UInt8], from start: Int) -> Int {
        let length = pieceEnd(of: bytes, from: start) - start
        // Sound: `length` bytes from `start` on lie inside the array, which lives as long as the call.
        return unsafe bytes.withUnsafeBytes { bytes in
            let piece = unsafe bytes.baseAddress?.advanced(by: start)
            return switch kind {
            case .pipe(let own): unsafe Kernel.write(own, piece, length)
            case .socket: unsafe Kernel.send(descriptor, piece, length, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
            case .file, .other: unsafe Kernel.write(descriptor, piece, length)
            }
        }
    }

    /// Where the next piece ends. In a pipe: behind the last whole line that fits, so that lines of several programs
    /// that share it do not mix.
    private func pieceEnd(of bytes: [UInt8], from start: Int) -> Int {
        switch kind {
        case .file, .socket: return bytes.count
        case .pipe, .other: break
        }
        guard bytes.count - start > Self.pieceBytesMax else { return bytes.count }
        let end = start + Self.pieceBytesMax
        return bytes[start..<end].lastIndex(of: ASCII.lineFeed).map { $0 + 1 } ?? end
    }

    /// Returns when something can be written, or when a write will tell what is wrong; false when it is over.
    private func awaitRoom(_ isOver: () -> Bool) -> Bool {
        var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        while true {
            let ready = unsafe Kernel.poll(&polled, 1, Self.endCheckMilliseconds)
            if isOver() { return false }
            if ready != 0 { return true }
        }
    }

    /// Lets a while pass before the next attempt; false when it is over.
    private func awaitSpace(_ isOver: () -> Bool) -> Bool {
        _ = unsafe Kernel.poll(nil, 0, Self.endCheckMilliseconds)
        return !isOver()
    }
}
