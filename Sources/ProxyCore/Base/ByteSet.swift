/// A set of byte values with constant-time membership.
///
/// A bit for each value, in four words: a table of 256 entries would be copied for every question asked of it.
package struct ByteSet: Sendable {
    private var words = SIMD4<UInt64>(repeating: 0)

    /// The set of the bytes for which `includes` answers true.
    package init(where includes: (UInt8) -> Bool) {
        for value in 0..<256 where includes(UInt8(value)) { words[value >> 6] |= 1 << UInt64(value & 63) }
    }

    package subscript(byte: UInt8) -> Bool { words[Int(byte >> 6)] >> UInt64(byte & 63) & 1 == 1 }
}
