import Glibc

/// Whole small files: configuration, keys, secrets.
package enum FileReader {
    /// The file's bytes. Throws EFBIG when there are more than `bytesMax`.
    package static func bytes(_ path: String, bytesMax: Int = 16 << 20) throws(Errno) -> [UInt8] {
        let raw = Kernel.open(path, O_RDONLY | O_CLOEXEC)
        guard raw >= 0 else { throw .current("open") }
        let descriptor = FileDescriptor(owning: raw)
        return try rest(of: descriptor.raw, bytesMax: bytesMax)
    }

    /// Reads a file to where it is to be, and nowhere else; its length. Throws EFBIG when that place would be full:
    /// then the file may be longer.
    package static func readWhole(_ path: String, into place: inout MutableSpan<UInt8>) throws(Errno) -> Int {
        let raw = Kernel.open(path, O_RDONLY | O_CLOEXEC)
        guard raw >= 0 else { throw .current("open") }
        let descriptor = FileDescriptor(owning: raw)
        var used = 0
        while used < place.count {
            // Sound: the call writes at most as many bytes as the place has behind `used`.
            let count = unsafe place.withUnsafeMutableBufferPointer { bytes in
                unsafe Kernel.read(descriptor.raw, bytes.baseAddress.map { unsafe $0 + used }, bytes.count - used)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .current("read") }
            if count == 0 { return used }
            used += count
        }
        throw Errno(code: EFBIG, call: "read")
    }

    /// Everything from standard input to its end, for commands. Throws EFBIG when there are more than `bytesMax`.
    package static func standardInput(bytesMax: Int) throws(Errno) -> [UInt8] {
        try rest(of: STDIN_FILENO, bytesMax: bytesMax)
    }

    private static func rest(of descriptor: Int32, bytesMax: Int) throws(Errno) -> [UInt8] {
        var content: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Kernel.read(descriptor, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .current("read") }
            if count == 0 { return content }
            guard content.count + count <= bytesMax else { throw Errno(code: EFBIG, call: "read") }
            content.append(contentsOf: block[..<count])
        }
    }

    /// The file as text, or nil when it cannot be read.
    package static func text(_ path: String) -> String? {
        guard let bytes = try? bytes(path) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
