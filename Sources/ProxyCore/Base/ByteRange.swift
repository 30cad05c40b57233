/// A half-open range of byte offsets into a buffer that somebody else owns: what a parser returns instead of a copy.
///
/// Meaningful only together with the buffer that it was made for, and only until that buffer changes.
package struct ByteRange: Sendable, Equatable, BitwiseCopyable {
    package var lower: UInt32
    package var upper: UInt32

    package init(_ lower: Int, _ upper: Int) {
        precondition(lower <= upper)
        self.lower = UInt32(lower)
        self.upper = UInt32(upper)
    }

    /// The empty range at offset 0.
    package static let empty = ByteRange(0, 0)

    package var count: Int { Int(upper - lower) }
    package var isEmpty: Bool { lower == upper }
    package var range: Range<Int> { Int(lower)..<Int(upper) }

    /// The same bytes, `offset` further into the buffer.
    package func advanced(by offset: Int) -> ByteRange {
        ByteRange(Int(lower) + offset, Int(upper) + offset)
    }
}

extension Span where Element == UInt8 {
    /// The bytes of `range`.
    @_lifetime(copy self)
    package func slice(_ range: ByteRange) -> Span<UInt8> {
        extracting(range.range)
    }

    /// True when both spans hold the same bytes.
    package func equals(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }

    /// True when both spans hold the same bytes once A-Z is read as a-z.
    package func equalsIgnoringCase(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where ASCII.lowercased(self[index]) != ASCII.lowercased(other[index]) { return false }
        return true
    }

    /// A copy of the bytes.
    package func copied() -> [UInt8] {
        var copy: [UInt8] = []
        copy.append(addingCapacity: count) { output in
            for index in indices { output.append(self[index]) }
        }
        return copy
    }

    /// The bytes as text; what is not UTF-8 becomes U+FFFD. For messages and logs, never for decisions.
    package var text: String { String(decoding: copied(), as: UTF8.self) }
}
