/// Number literals of RFC 8259 section 6.
enum JSONNumber {
    /// Checks the literal at `start` and returns the offset behind it.
    static func scan(_ bytes: Span<UInt8>, from start: Int) throws(JSONError) -> Int {
        var index = start
        if bytes[index] == ASCII.hyphen { index += 1 }
        let integer = index
        index = try digitsEnd(bytes, from: index)
        if bytes[integer] == ASCII.zero, index > integer + 1 { throw JSONError(.invalidNumber, at: start) }
        if index < bytes.count, bytes[index] == ASCII.dot { index = try digitsEnd(bytes, from: index + 1) }
        var hasExponent = false
        if index < bytes.count, bytes[index] | 0x20 == 0x65 {
            hasExponent = true
            index += 1
            if index < bytes.count, bytes[index] == ASCII.plus || bytes[index] == ASCII.hyphen { index += 1 }
            index = try digitsEnd(bytes, from: index)
        }
        // A Double reaches beyond 10^308, so that only an exponent or very many digits can exceed it.
        if hasExponent || index - start > 300, double(bytes, ByteRange(start, index)) == nil {
            throw JSONError(.numberOutOfRange, at: start)
        }
        return index
    }

    /// The nearest Double to an accepted literal; nil when that is infinite.
    static func double(_ bytes: Span<UInt8>, _ range: ByteRange) -> Double? {
        // Up to fifteen digits are exact without any conversion from text.
        if range.count <= 15, let exact = integer(bytes, range) { return Double(exact) }
        guard let value = Double(bytes.slice(range).text), value.isFinite else { return nil }
        return value
    }

    /// The value of an accepted literal when it is a whole number that fits, however it is written: 10, 10.0, 1e1.
    static func integer(_ bytes: Span<UInt8>, _ range: ByteRange) -> Int64? {
        let literal = bytes.slice(range)
        let negative = literal[0] == ASCII.hyphen
        var index = negative ? 1 : 0
        var value: Int64 = 0
        // Zeros that were read but not yet multiplied in, so that 1.000 never has to be divided.
        var zeros = 0
        var fraction = 0
        var isFraction = false
        while index < literal.count, literal[index] | 0x20 != 0x65 {
            let byte = literal[index]
            index += 1
            if byte == ASCII.dot {
                isFraction = true
                continue
            }
            if isFraction { fraction += 1 }
            if byte == ASCII.zero {
                zeros += value == 0 ? 0 : 1
                continue
            }
            guard let shifted = scaled(value, by: zeros + 1) else { return nil }
            let digit = Int64(byte - ASCII.zero)
            let (sum, overflow) = shifted.subtractingReportingOverflow(digit)
            if overflow { return nil }
            value = sum
            zeros = 0
        }
        if value == 0 { return 0 }
        let scale = zeros - fraction + exponent(literal, from: index)
        guard scale >= 0, let result = scaled(value, by: scale) else { return nil }
        // Counted downwards from zero, for the lowest Int64 has no positive counterpart.
        if negative { return result }
        return result == .min ? nil : -result
    }

    private static func digitsEnd(_ bytes: Span<UInt8>, from start: Int) throws(JSONError) -> Int {
        var index = start
        while index < bytes.count, ASCII.isDigit(bytes[index]) { index += 1 }
        if index == start {
            throw JSONError(index == bytes.count ? .truncated : .invalidNumber, at: index)
        }
        return index
    }

    /// `value` times 10 to the power of `power`, or nil when that does not fit.
    private static func scaled(_ value: Int64, by power: Int) -> Int64? {
        if value == 0 { return 0 }
        guard power <= 18 else { return nil }
        var result = value
        for _ in 0..<power {
            let (product, overflow) = result.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            result = product
        }
        return result
    }

    /// The exponent behind the `e` at `start`, or 0 without one; far out of range it stays at a million and more.
    private static func exponent(_ literal: Span<UInt8>, from start: Int) -> Int {
        var index = start + 1
        guard index < literal.count else { return 0 }
        let negative = literal[index] == ASCII.hyphen
        if !ASCII.isDigit(literal[index]) { index += 1 }
        var value = 0
        while index < literal.count {
            if value < 10_000_000 { value = value * 10 + Int(literal[index] - ASCII.zero) }
            index += 1
        }
        return negative ? -value : value
    }
}
