/// Percent-encoding (RFC 3986 section 2.1).
package enum PercentEncoding {
    /// The octet that the triplet at `index` stands for, or nil when it is not `%` and two hexadecimal digits.
    package static func octet(at index: Int, in bytes: Span<UInt8>) -> UInt8? {
        guard index + 2 < bytes.count, bytes[index] == ASCII.percent,
            let high = ASCII.hexValue(bytes[index + 1]), let low = ASCII.hexValue(bytes[index + 2])
        else { return nil }
        return high << 4 | low
    }

    /// `%XX` for an octet, in upper case as section 2.1 wants it.
    package static func triplet(_ octet: UInt8) -> [UInt8] {
        [ASCII.percent, upperHexDigit(octet >> 4), upperHexDigit(octet & 15)]
    }

    /// What a path segment may hold as it is: `pchar` of section 3.3 without `pct-encoded`.
    package static func isPathCharacter(_ byte: UInt8) -> Bool { pathCharacters[byte] }

    private static let pathCharacters = ByteSet { byte in
        if ASCII.isUnreserved(byte) || byte == ASCII.colon || byte == ASCII.at { return true }
        switch byte {
        case 0x21, 0x24, 0x26...0x2C, 0x3B, 0x3D: return true
        case _: return false
        }
    }

    private static func upperHexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x41 + value - 10 }
}
