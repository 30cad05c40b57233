/// Sixteen lower-case hexadecimal digits of a number, all made at once.
package struct HexDigits: Sendable, Equatable, BitwiseCopyable {
    /// The first and the last eight digits as bytes, the first of them lowest.
    package let first: UInt64
    package let last: UInt64

    package init(_ number: UInt64) {
        first = Self.digits(UInt32(truncatingIfNeeded: number >> 32))
        last = Self.digits(UInt32(truncatingIfNeeded: number))
    }

    /// Spreads the eight halves of bytes over eight bytes, and turns each into its digit.
    private static func digits(_ number: UInt32) -> UInt64 {
        var halves = UInt64(number.byteSwapped)
        halves = (halves | halves << 16) & 0x0000_FFFF_0000_FFFF
        halves = (halves | halves << 8) & 0x00FF_00FF_00FF_00FF
        halves = (halves >> 4 | halves << 8) & 0x0F0F_0F0F_0F0F_0F0F
        // 10 and more reach 16 with 6 added; those are the letters, which lie 39 behind where the digits end.
        let letters = (halves &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return halves &+ 0x3030_3030_3030_3030 &+ letters &* 39
    }

    /// The number that sixteen lower-case digits from `start` on stand for; nil when one is no such digit.
    package static func number(in bytes: Span<UInt8>, from start: Int) -> UInt64? {
        var number: UInt64 = 0
        for index in start..<start + 16 {
            guard let value = lowercaseValue(bytes[index]) else { return nil }
            number = number << 4 | UInt64(value)
        }
        return number
    }

    /// The value of a lower-case hexadecimal digit, or nil.
    package static func lowercaseValue(_ byte: UInt8) -> UInt8? {
        ASCII.isUppercase(byte) ? nil : ASCII.hexValue(byte)
    }
}
