/// The parts that field values are made of (RFC 9110 section 5.6).
package enum FieldValue {
    /// SP and HTAB: the white space inside a line.
    package static func isWhitespace(_ byte: UInt8) -> Bool { byte == ASCII.space || byte == ASCII.tab }

    /// The number that `text` is, when it is digits and nothing else and at most `Int64.max`: what is larger means a
    /// different number to programs that read it into a signed integer.
    package static func decimal(_ text: Span<UInt8>) -> UInt64? {
        guard !text.isEmpty, text.count <= 19 else { return nil }
        var value: UInt64 = 0
        for index in text.indices {
            guard ASCII.isDigit(text[index]) else { return nil }
            // 19 digits are less than 10^19, which a UInt64 holds.
            value = value * 10 + UInt64(text[index] - ASCII.zero)
        }
        return value <= UInt64(Int64.max) ? value : nil
    }

    /// True when `text` is a token (RFC 9110 section 5.6.2).
    package static func isToken(_ text: Span<UInt8>) -> Bool {
        for index in text.indices where !ASCII.isTokenCharacter(text[index]) { return false }
        return !text.isEmpty
    }

    /// True when the list in `value` has the element `lowercased`, whatever its case.
    package static func lists(_ lowercased: StaticString, in value: ByteRange, of bytes: Span<UInt8>) -> Bool {
        var elements = ListElements(of: value)
        while let element = elements.next(in: bytes) {
            if bytes.slice(element).equalsIgnoringCase(lowercased) { return true }
        }
        return false
    }

    /// The argument of the directive `lowercased` in a list such as `Cache-Control` (RFC 9111 section 5.2), without
    /// the quotes it may have; nil when it is not there or has none.
    package static func argument(
        of lowercased: StaticString, in value: ByteRange, of bytes: Span<UInt8>
    ) -> ByteRange? {
        let length = lowercased.bytes.count
        var elements = ListElements(of: value)
        while let element = elements.next(in: bytes) {
            var lower = Int(element.lower) + length
            var upper = Int(element.upper)
            guard lower < upper, bytes[lower] == ASCII.equals else { continue }
            guard bytes.extracting(Int(element.lower)..<lower).equalsIgnoringCase(lowercased) else { continue }
            lower += 1
            if upper - lower >= 2, bytes[lower] == ASCII.quote, bytes[upper - 1] == ASCII.quote {
                lower += 1
                upper -= 1
            }
            return ByteRange(lower, upper)
        }
        return nil
    }
}
