import CLibSSL

/// Bytes that nobody is to find in memory later: in a place of their own, overwritten with zeros when the owner goes.
/// Never changes; any thread may use it.
///
/// What is copied out of it is not wiped, so it is lent.
package final class SecretBytes: Sendable {
    package let count: Int
    // A number, because a pointer cannot be shared between threads by its type.
    private let address: UInt

    /// The content of a file, which is read straight to its place. Throws EFBIG for more than `bytesMax` bytes.
    package convenience init(file path: String, bytesMax: Int) throws(Errno) {
        // One more, so that a file that is too long shows.
        let capacity = bytesMax + 1
        let start = unsafe Self.allocate(capacity)
        var free = unsafe MutableSpan(_unsafeStart: start, count: capacity)
        do throws(Errno) {
            let count = try FileReader.readWhole(path, into: &free)
            unsafe self.init(start, count: count)
        } catch {
            unsafe Self.free(start, used: capacity)
            throw error
        }
    }

    package convenience init(copying bytes: Span<UInt8>) {
        let start = unsafe Self.allocate(bytes.count)
        for index in bytes.indices { unsafe start[index] = bytes[index] }
        unsafe self.init(start, count: bytes.count)
    }

    /// - Parameter fill: writes to as many bytes as there are; false when it could not.
    convenience init?(count: Int, fill: (UnsafeMutableBufferPointer<UInt8>) -> Bool) {
        let start = unsafe Self.allocate(count)
        guard unsafe fill(UnsafeMutableBufferPointer(start: start, count: count)) else {
            unsafe Self.free(start, used: count)
            return nil
        }
        unsafe self.init(start, count: count)
    }

    private init(_ start: UnsafeMutablePointer<UInt8>, count: Int) {
        address = UInt(bitPattern: start)
        self.count = count
    }

    deinit { unsafe Self.free(pointer, used: count) }

    /// The bytes, lent as long as the owner lives.
    package var span: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            // Sound: `count` bytes of the allocation have been written, and it lives as long as self.
            let span = unsafe Span(_unsafeStart: UnsafePointer(pointer), count: count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Sound: for calls of OpenSSL that want to write but do not; good as long as the owner lives.
    var pointer: UnsafeMutablePointer<UInt8> {
        guard let pointer = unsafe UnsafeMutablePointer<UInt8>(bitPattern: address) else {
            preconditionFailure("an allocation has an address")
        }
        return unsafe pointer
    }

    private static func allocate(_ count: Int) -> UnsafeMutablePointer<UInt8> {
        let start = UnsafeMutablePointer<UInt8>.allocate(capacity: max(1, count))
        unsafe start.initialize(repeating: 0, count: max(1, count))
        return unsafe start
    }

    private static func free(_ start: UnsafeMutablePointer<UInt8>, used: Int) {
        // Sound: the allocation has at least as many bytes. A plain loop would be left out by the optimizer.
        unsafe OPENSSL_cleanse(start, used)
        unsafe start.deallocate()
    }
}
