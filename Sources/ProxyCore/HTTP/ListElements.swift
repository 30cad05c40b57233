/// Goes through the elements of a comma-separated list (RFC 9110 section 5.6.1), without the white space around them
/// and without the empty ones. A comma inside a quoted string separates nothing.
package struct ListElements: Sendable {
    private var position: Int
    private let end: Int

    /// The elements of `value`; `next(in:)` needs the bytes that the range was made for.
    package init(of value: ByteRange) {
        position = Int(value.lower)
        end = Int(value.upper)
    }

    package mutating func next(in bytes: Span<UInt8>) -> ByteRange? {
        while position < end {
            let start = position
            let comma = endOfElement(in: bytes)
            position = comma + 1
            var lower = start
            var upper = comma
            while lower < upper, FieldValue.isWhitespace(bytes[lower]) { lower += 1 }
            while lower < upper, FieldValue.isWhitespace(bytes[upper - 1]) { upper -= 1 }
            if lower < upper { return ByteRange(lower, upper) }
        }
        return nil
    }

    private func endOfElement(in bytes: Span<UInt8>) -> Int {
        var index = position
        var isQuoted = false
        while index < end {
            let byte = bytes[index]
            if byte == ASCII.quote { isQuoted.toggle() }
            if byte == ASCII.comma, !isQuoted { return index }
            index += isQuoted && byte == ASCII.backslash ? 2 : 1
        }
        return end
    }
}
