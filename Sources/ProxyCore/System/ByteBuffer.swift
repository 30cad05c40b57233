import Glibc

/// A byte queue of fixed capacity: bytes are appended at the end and consumed from the front.
///
/// Owned by one connection, or by nobody while it lies in a `BufferPool`; used on one thread. It never grows, so what a
/// peer can make us hold is bounded by construction.
@safe
package final class ByteBuffer {
    package let capacity: Int
    private let storage: UnsafeMutablePointer<UInt8>
    private var start = 0
    private var end = 0
    /// The next one in the `BufferPool` that this lies in.
    var nextFree: ByteBuffer?

    package init(capacity: Int) {
        precondition(capacity > 0)
        self.capacity = capacity
        // Zeroed, so that no byte of it is ever read uninitialized, whoever miscounts. Large blocks come zeroed from
        // the system, page by page when they are first written: what is not used of a buffer costs no memory.
        guard let memory = unsafe calloc(capacity, 1) else { preconditionFailure("out of memory") }
        // Sound: calloc gives `capacity` initialized bytes, which nobody else knows.
        unsafe storage = memory.bindMemory(to: UInt8.self, capacity: capacity)
    }

    deinit { unsafe free(storage) }

    /// Bytes waiting to be consumed.
    package var count: Int { end - start }
    package var isEmpty: Bool { start == end }
    /// Bytes that can still be appended, once the readable ones have been moved to the front.
    package var room: Int { capacity - count }

    /// The readable bytes, lent until the buffer changes.
    package var readable: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            // Sound: 0 <= start <= end <= capacity always holds, and the storage lives as long as self.
            let span = unsafe Span(_unsafeStart: UnsafePointer(storage) + start, count: end - start)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Drops the first `count` readable bytes.
    package func consume(_ count: Int) {
        precondition(count >= 0 && count <= self.count)
        start += count
        if start == end {
            start = 0
            end = 0
        }
    }

    package func removeAll() {
        start = 0
        end = 0
    }

    /// Holds `bytes`, or as many of them as it can, and nothing else.
    package func replace(with bytes: Span<UInt8>) {
        removeAll()
        _ = appendPrefix(of: bytes)
    }

    /// Makes the first `count` bytes that were appended readable again: what has been consumed of them since, with
    /// nothing appended in between, into a buffer that was empty before.
    package func restoreConsumed(upTo count: Int) {
        precondition(count >= 0 && count <= capacity && (isEmpty || end == count))
        start = 0
        end = count
    }

    /// Appends all of `bytes`. The caller has checked `room`.
    package func append(_ bytes: Span<UInt8>) {
        guard !bytes.isEmpty else { return }
        reserve(bytes.count)
        copy(bytes)
    }

    /// Copies `bytes` behind the readable ones, where the caller has reserved room for them.
    @inline(__always)
    private func copy(_ bytes: Span<UInt8>) {
        // Sound: there are bytes.count free bytes behind `end`, and memmove allows the source to overlap them. No
        // caller passes a span of this very buffer, which `reserve` may have moved.
        unsafe bytes.withUnsafeBufferPointer { source in
            guard let base = source.baseAddress else { return }
            unsafe memmove(storage + end, base, source.count)
        }
        end += bytes.count
    }

    /// Appends what is readable in `other`, and leaves it there. The caller has checked `room`.
    package func append(contentsOf other: ByteBuffer) {
        precondition(other !== self)
        append(other.readable)
    }

    package func append(_ byte: UInt8) {
        reserve(1)
        unsafe storage[end] = byte
        end += 1
    }

    package func append(_ literal: StaticString) { append(literal.bytes) }

    /// Appends a field line (RFC 9112 section 5), with one space behind the colon. The caller has checked `room`.
    package func append(field name: Span<UInt8>, _ value: Span<UInt8>) {
        reserve(name.count + value.count + 4)
        copy(name)
        // Sound: `reserve` has made sure of the bytes, and `copy` moves `end` behind those that it has used.
        unsafe storage[end] = ASCII.colon
        unsafe storage[end + 1] = ASCII.space
        end += 2
        copy(value)
        unsafe storage[end] = ASCII.carriageReturn
        unsafe storage[end + 1] = ASCII.lineFeed
        end += 2
    }

    /// Appends as many of `bytes` as there is room for and returns their number.
    package func appendPrefix(of bytes: Span<UInt8>) -> Int {
        let count = min(room, bytes.count)
        append(bytes.extracting(first: count))
        return count
    }

    package func append(decimal value: Int) {
        precondition(value >= 0)
        if value >= 10 { append(decimal: value / 10) }
        append(ASCII.zero + UInt8(value % 10))
    }

    /// Appends the sixteen hexadecimal digits of `word`.
    package func append(digitsOf word: UInt64) {
        reserve(16)
        // Sound: `reserve` has made sure of sixteen free bytes behind `end`.
        let place = unsafe UnsafeMutableRawPointer(storage + end)
        let digits = HexDigits(word)
        unsafe place.storeBytes(of: digits.first.littleEndian, as: UInt64.self)
        unsafe place.storeBytes(of: digits.last.littleEndian, toByteOffset: 8, as: UInt64.self)
        end += 16
    }

    package func append(hex value: Int) {
        precondition(value >= 0)
        if value >= 16 { append(hex: value / 16) }
        append(ASCII.hexDigit(UInt8(value % 16)))
    }

    /// Lends the free space behind the readable bytes to `fill`, which returns how many bytes it wrote there.
    func fill<E: Error>(_ fill: (UnsafeMutableRawBufferPointer) throws(E) -> Int) throws(E) {
        reserve(room)
        let free = unsafe UnsafeMutableRawBufferPointer(start: storage + end, count: capacity - end)
        let written = try unsafe fill(free)
        precondition(written >= 0 && written <= capacity - end)
        end += written
    }

    /// Makes sure of `count` free bytes behind `end`.
    @inline(__always)
    private func reserve(_ count: Int) {
        if capacity - end < count { moveToFront(toReserve: count) }
    }

    private func moveToFront(toReserve count: Int) {
        precondition(count <= room, "append without room")
        // Sound: both ranges lie inside the storage, and memmove allows them to overlap.
        unsafe memmove(storage, storage + start, end - start)
        end -= start
        start = 0
    }
}
