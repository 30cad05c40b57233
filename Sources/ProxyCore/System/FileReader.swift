import Glibc

/// Whole small files: configuration, keys, secrets.
package enum FileReader {
    /// How long to wait in all for whoever writes to a pipe, such as /dev/fd/3.
    private static let patience = Interval.seconds(10)

    /// The file's bytes. Throws EFBIG when there are more than `bytesMax`.
    package static func bytes(_ path: String, bytesMax: Int = 16 << 20) throws(Errno) -> [UInt8] {
        let descriptor = try open(path)
        let deadline = Clock.monotonic().advanced(by: patience)
        return try rest(of: descriptor.raw, bytesMax: bytesMax, until: deadline)
    }

    /// Hands over the file's bytes from the beginning on, some at a time: for files that are longer than memory is for.
    package static func blocks(_ path: String, _ take: (ArraySlice<UInt8>) -> Void) throws(Errno) {
        let descriptor = try open(path)
        let deadline = Clock.monotonic().advanced(by: patience)
        try blocks(of: descriptor.raw, until: deadline) { block throws(Errno) in take(block) }
    }

    /// Reads a file to where it is to be, and nowhere else; its length. Throws EFBIG when that place would be full:
    /// then the file may be longer.
    package static func readWhole(_ path: String, into place: inout MutableSpan<UInt8>) throws(Errno) -> Int {
        let descriptor = try open(path)
        let deadline = Clock.monotonic().advanced(by: patience)
        var used = 0
        while used < place.count {
            // Sound: the call writes at most as many bytes as the place has behind `used`.
            let count = unsafe place.withUnsafeMutableBufferPointer { bytes in
                unsafe Kernel.read(descriptor.raw, bytes.baseAddress.map { unsafe $0 + used }, bytes.count - used)
            }
            if count < 0, try isToBeReadAgain(descriptor.raw, until: deadline) { continue }
            guard count >= 0 else { throw .current("read") }
            if count == 0 { return used }
            used += count
        }
        throw Errno(code: EFBIG, call: "read")
    }

    /// Everything from standard input to its end, for commands. Throws EFBIG when there are more than `bytesMax`.
    package static func standardInput(bytesMax: Int) throws(Errno) -> [UInt8] {
        try rest(of: STDIN_FILENO, bytesMax: bytesMax, until: .never)
    }

    /// A pipe that nobody writes to is empty, and one whose writers write nothing is not waited for without end.
    private static func open(_ path: String) throws(Errno) -> FileDescriptor {
        let raw = Kernel.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard raw >= 0 else { throw .current("open") }
        return FileDescriptor(owning: raw)
    }

    /// After a read that failed: whether to try again, now that there is something or nobody left to write it. Throws
    /// when there is neither until `deadline`.
    private static func isToBeReadAgain(_ descriptor: Int32, until deadline: Instant) throws(Errno) -> Bool {
        if errno == EINTR { return true }
        guard errno == EAGAIN else { return false }
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            let left = deadline.since(Clock.monotonic()).nanoseconds
            guard left > 0 else { throw Errno(code: ETIMEDOUT, call: "read") }
            // Sound: the call is told of one element, which outlives it.
            let ready = unsafe Kernel.poll(&polled, 1, Int32(min((left + 999_999) / 1_000_000, 60_000)))
            if ready > 0 { return true }
            if ready < 0, errno != EINTR { throw .current("poll") }
        }
    }

    private static func rest(
        of descriptor: Int32, bytesMax: Int, until deadline: Instant
    ) throws(Errno) -> [UInt8] {
        var content: [UInt8] = []
        try blocks(of: descriptor, until: deadline) { block throws(Errno) in
            guard content.count + block.count <= bytesMax else { throw Errno(code: EFBIG, call: "read") }
            content.append(contentsOf: block)
        }
        return content
    }

    private static func blocks(
        of descriptor: Int32, until deadline: Instant, _ take: (ArraySlice<UInt8>) throws(Errno) -> Void
    ) throws(Errno) {
        var block = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Kernel.read(descriptor, &block, block.count)
            if count < 0, try isToBeReadAgain(descriptor, until: deadline) { continue }
            guard count >= 0 else { throw .current("read") }
            if count == 0 { return }
            try take(block[..<count])
        }
    }

    /// The file as text, or nil when it cannot be read.
    package static func text(_ path: String) -> String? {
        guard let bytes = try? bytes(path) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
