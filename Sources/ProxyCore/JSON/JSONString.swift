/// String literals of RFC 8259 section 7.
enum JSONString {
    /// Checks the literal whose opening quote is at `start`. The end is behind the closing quote.
    static func scan(_ bytes: Span<UInt8>, from start: Int) throws(JSONError) -> (end: Int, escaped: Bool) {
        var index = start + 1
        var escaped = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte == ASCII.quote { return (index + 1, escaped) }
            if byte == ASCII.backslash {
                escaped = true
                index = try escapeEnd(bytes, at: index)
            } else if byte < 0x20 {
                throw JSONError(.controlCharacter, at: index)
            } else if byte < 0x80 {
                index += 1
            } else if let length = UTF8Sequence.length(in: bytes, at: index) {
                index += length
            } else {
                throw JSONError(.invalidUTF8, at: index)
            }
        }
        throw JSONError(.truncated, at: bytes.count)
    }

    /// The value of a literal that `scan` has accepted; `contents` is what is between its quotes.
    static func decode(_ bytes: Span<UInt8>, _ contents: ByteRange) -> [UInt8] {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(contents.count)
        let end = Int(contents.upper)
        var index = Int(contents.lower)
        while index < end {
            let byte = bytes[index]
            if byte != ASCII.backslash {
                decoded.append(byte)
                index += 1
            } else if bytes[index + 1] != 0x75 {
                decoded.append(unescaped(bytes[index + 1]) ?? 0)
                index += 2
            } else {
                index = appendUnicodeEscape(bytes, at: index, to: &decoded)
            }
        }
        return decoded
    }

    /// Checks the escape at `start` (the backslash) and returns the offset behind it.
    private static func escapeEnd(_ bytes: Span<UInt8>, at start: Int) throws(JSONError) -> Int {
        guard start + 1 < bytes.count else { throw JSONError(.truncated, at: bytes.count) }
        if unescaped(bytes[start + 1]) != nil { return start + 2 }
        guard bytes[start + 1] == 0x75 else { throw JSONError(.invalidEscape, at: start) }
        let unit = try codeUnit(bytes, at: start)
        switch unit {
        case 0xD800...0xDBFF:
            guard start + 6 < bytes.count else { throw JSONError(.truncated, at: bytes.count) }
            guard bytes[start + 6] == ASCII.backslash else { throw JSONError(.loneSurrogate, at: start) }
            guard start + 7 < bytes.count else { throw JSONError(.truncated, at: bytes.count) }
            guard bytes[start + 7] == 0x75, case 0xDC00...0xDFFF = try codeUnit(bytes, at: start + 6) else {
                throw JSONError(.loneSurrogate, at: start)
            }
            return start + 12
        case 0xDC00...0xDFFF:
            throw JSONError(.loneSurrogate, at: start)
        case _:
            return start + 6
        }
    }

    /// The UTF-16 code unit of the `\uXXXX` at `start`.
    private static func codeUnit(_ bytes: Span<UInt8>, at start: Int) throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for index in start + 2..<start + 6 {
            guard index < bytes.count else { throw JSONError(.truncated, at: bytes.count) }
            guard let digit = ASCII.hexValue(bytes[index]) else { throw JSONError(.invalidEscape, at: start) }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }

    /// Appends what the checked `\uXXXX` (or pair of them) at `start` means and returns the offset behind it.
    private static func appendUnicodeEscape(_ bytes: Span<UInt8>, at start: Int, to decoded: inout [UInt8]) -> Int {
        var value = checkedCodeUnit(bytes, at: start)
        var end = start + 6
        if case 0xD800...0xDBFF = value {
            value = 0x10000 + (value - 0xD800) << 10 + (checkedCodeUnit(bytes, at: end) - 0xDC00)
            end += 6
        }
        append(scalar: value, to: &decoded)
        return end
    }

    private static func checkedCodeUnit(_ bytes: Span<UInt8>, at start: Int) -> UInt32 {
        var unit: UInt32 = 0
        for index in start + 2..<start + 6 { unit = unit << 4 | UInt32(ASCII.hexValue(bytes[index]) ?? 0) }
        return unit
    }

    private static func append(scalar value: UInt32, to decoded: inout [UInt8]) {
        func continuation(_ shift: UInt32) -> UInt8 { UInt8(0x80 | (value >> shift) & 0x3F) }
        switch value {
        case 0..<0x80:
            decoded.append(UInt8(value))
        case 0x80..<0x800:
            decoded.append(UInt8(0xC0 | value >> 6))
            decoded.append(continuation(0))
        case 0x800..<0x10000:
            decoded.append(UInt8(0xE0 | value >> 12))
            decoded.append(continuation(6))
            decoded.append(continuation(0))
        case _:
            decoded.append(UInt8(0xF0 | value >> 18))
            decoded.append(continuation(12))
            decoded.append(continuation(6))
            decoded.append(continuation(0))
        }
    }

    /// What a one-letter escape means, or nil when there is none such.
    private static func unescaped(_ letter: UInt8) -> UInt8? {
        switch letter {
        case ASCII.quote, ASCII.backslash, ASCII.slash: letter
        case 0x62: 0x08
        case 0x66: 0x0C
        case 0x6E: ASCII.lineFeed
        case 0x72: ASCII.carriageReturn
        case 0x74: ASCII.tab
        case _: nil
        }
    }
}
