/// A set of byte values with constant-time membership.
///
/// The table has 256 entries and is indexed by a byte, so the optimizer drops the bounds check.
package struct ByteSet: Sendable {
    private var members = InlineArray<256, Bool>(repeating: false)

    /// The set of the bytes for which `includes` answers true.
    package init(where includes: (UInt8) -> Bool) {
        for value in 0..<256 { members[value] = includes(UInt8(value)) }
    }

    package subscript(byte: UInt8) -> Bool { members[Int(byte)] }
}
