/// Well-formed UTF-8 byte sequences (RFC 3629 section 4, Unicode table 3-7).
package enum UTF8Sequence {
    /// The length (1...4) of the well-formed sequence that starts at `index`, or nil when what starts there is a stray
    /// continuation byte, an overlong form, a surrogate, beyond U+10FFFF, or cut off.
    package static func length(in bytes: Span<UInt8>, at index: Int) -> Int? {
        let first = bytes[index]
        if first < 0x80 { return 1 }
        switch first {
        case 0xC2...0xDF:
            return continues(bytes, index, count: 2, second: 0x80...0xBF) ? 2 : nil
        case 0xE0:
            return continues(bytes, index, count: 3, second: 0xA0...0xBF) ? 3 : nil
        case 0xED:
            return continues(bytes, index, count: 3, second: 0x80...0x9F) ? 3 : nil
        case 0xE1...0xEF:
            return continues(bytes, index, count: 3, second: 0x80...0xBF) ? 3 : nil
        case 0xF0:
            return continues(bytes, index, count: 4, second: 0x90...0xBF) ? 4 : nil
        case 0xF1...0xF3:
            return continues(bytes, index, count: 4, second: 0x80...0xBF) ? 4 : nil
        case 0xF4:
            return continues(bytes, index, count: 4, second: 0x80...0x8F) ? 4 : nil
        case _:
            return nil
        }
    }

    private static func continues(
        _ bytes: Span<UInt8>, _ index: Int, count: Int, second: ClosedRange<UInt8>
    ) -> Bool {
        guard bytes.count - index >= count, second.contains(bytes[index + 1]) else { return false }
        for offset in 2..<max(count, 2) where bytes[index + offset] & 0xC0 != 0x80 { return false }
        return true
    }
}
