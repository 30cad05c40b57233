/// The bytes and byte classes of the protocols' grammars (RFC 5234 appendix B.1, RFC 9110 section 5.6.2).
package enum ASCII {
    package static let tab: UInt8 = 0x09
    package static let lineFeed: UInt8 = 0x0A
    package static let carriageReturn: UInt8 = 0x0D
    package static let space: UInt8 = 0x20
    package static let quote: UInt8 = 0x22
    package static let hash: UInt8 = 0x23
    package static let percent: UInt8 = 0x25
    package static let asterisk: UInt8 = 0x2A
    package static let plus: UInt8 = 0x2B
    package static let comma: UInt8 = 0x2C
    package static let hyphen: UInt8 = 0x2D
    package static let dot: UInt8 = 0x2E
    package static let slash: UInt8 = 0x2F
    package static let zero: UInt8 = 0x30
    package static let colon: UInt8 = 0x3A
    package static let semicolon: UInt8 = 0x3B
    package static let equals: UInt8 = 0x3D
    package static let question: UInt8 = 0x3F
    package static let at: UInt8 = 0x40
    package static let backslash: UInt8 = 0x5C
    package static let underscore: UInt8 = 0x5F
    package static let tilde: UInt8 = 0x7E
    package static let delete: UInt8 = 0x7F

    package static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
    package static func isUppercase(_ byte: UInt8) -> Bool { byte &- 0x41 < 26 }
    package static func isLowercase(_ byte: UInt8) -> Bool { byte &- 0x61 < 26 }
    package static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    /// A-Z as a-z; every other byte as it is.
    package static func lowercased(_ byte: UInt8) -> UInt8 { isUppercase(byte) ? byte | 0x20 : byte }

    /// The same for the eight bytes of a word at once.
    package static func lowercased(eight word: UInt64) -> UInt64 {
        // The high bit of each byte tells whether its other seven are at least `A`, and beyond `Z`.
        let low = word & 0x7F7F_7F7F_7F7F_7F7F
        let reachesA = low &+ 0x3F3F_3F3F_3F3F_3F3F
        let isBeyondZ = low &+ 0x2525_2525_2525_2525
        let isUppercase = (reachesA ^ isBeyondZ) & ~word & 0x8080_8080_8080_8080
        return word | isUppercase >> 2
    }

    /// The value of a hexadecimal digit, or nil.
    package static func hexValue(_ byte: UInt8) -> UInt8? {
        if isDigit(byte) { return byte - 0x30 }
        let lower = byte | 0x20
        return lower &- 0x61 < 6 ? lower - 0x61 + 10 : nil
    }

    /// The lower-case hexadecimal digit for 0...15.
    package static func hexDigit(_ value: UInt8) -> UInt8 {
        precondition(value < 16)
        return value < 10 ? 0x30 + value : 0x61 + value - 10
    }

    /// The eight lower-case hexadecimal digits of `value`, the first in the highest byte.
    package static func hexDigits(of value: UInt32) -> UInt64 {
        // Four bits in each byte …
        var word = UInt64(value)
        word = (word << 16 | word) & 0x0000_FFFF_0000_FFFF
        word = (word << 8 | word) & 0x00FF_00FF_00FF_00FF
        word = (word << 4 | word) & 0x0F0F_0F0F_0F0F_0F0F
        // … and from there `0` or, for what is beyond 9, `a` less ten.
        let isLetter = (word &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return word &+ 0x3030_3030_3030_3030 &+ isLetter &* 39
    }

    /// C0 controls and DEL.
    package static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7F }

    /// `tchar` of RFC 9110 section 5.6.2: what a method or a field name may hold.
    package static func isTokenCharacter(_ byte: UInt8) -> Bool {
        // A bit for each value below 128, in registers: a table in memory costs a look at whether it is there yet.
        let members = byte < 64 ? lowTokenCharacters : highTokenCharacters
        return byte < 128 && members >> UInt64(byte & 63) & 1 == 1
    }

    /// `unreserved` of RFC 3986 section 2.3.
    package static func isUnreserved(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte) || byte == hyphen || byte == dot || byte == underscore || byte == tilde
    }

    /// Of 0...63: `!#$%&'*+-.` and the digits.
    private static let lowTokenCharacters: UInt64 = 0x03FF_6CFA_0000_0000
    /// Of 64...127: `^_`|~` and the letters.
    private static let highTokenCharacters: UInt64 = 0x57FF_FFFF_C7FF_FFFE
}
