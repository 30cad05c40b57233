/// Sixteen lower-case hexadecimal digits of a number, all made at once.
package struct HexDigits: Sendable, Equatable, BitwiseCopyable {
    /// The first and the last eight digits as bytes, the first of them lowest.
    package let first: UInt64
    package let last: UInt64

    package init(_ number: UInt64) {
        first = ASCII.hexDigits(of: UInt32(truncatingIfNeeded: number >> 32)).byteSwapped
        last = ASCII.hexDigits(of: UInt32(truncatingIfNeeded: number)).byteSwapped
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
