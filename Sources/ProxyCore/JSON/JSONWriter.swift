/// Writes JSON into a byte array. The caller keeps to the grammar (a key before each of an object's values, every
/// container closed); the writer sets the commas and escapes the strings.
///
/// The output is valid UTF-8 on one line whatever it is fed: invalid bytes become U+FFFD, and every control character,
/// U+2028 and U+2029 are escaped, so that nothing in a log line can act on a terminal or start a new line.
package struct JSONWriter {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init() {}

    /// One whose text will hardly be longer than `capacity` bytes.
    package init(capacity: Int) { bytes.reserveCapacity(capacity) }

    /// Forgets what was written and keeps the memory.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
    }

    /// Ends a line of JSON: what follows is a text of its own.
    package mutating func endLine() {
        bytes.append(ASCII.lineFeed)
        needsComma = false
    }

    package mutating func beginObject() { open(0x7B) }
    package mutating func endObject() { close(0x7D) }
    package mutating func beginArray() { open(0x5B) }
    package mutating func endArray() { close(0x5D) }

    package mutating func key(_ name: StaticString) {
        separate()
        appendQuoted(name.bytes)
        finishKey()
    }

    package mutating func key(_ name: String) {
        separate()
        let name = name
        appendQuoted(name.utf8.span)
        finishKey()
    }

    package mutating func string(_ value: StaticString) {
        separate()
        appendQuoted(value.bytes)
    }

    package mutating func string(_ value: String) {
        separate()
        let value = value
        appendQuoted(value.utf8.span)
    }

    package mutating func string(_ value: Span<UInt8>) {
        separate()
        appendQuoted(value)
    }

    package mutating func number(_ value: Int64) {
        separate()
        if value < 0 { bytes.append(ASCII.hyphen) }
        append(decimal: value.magnitude)
    }

    package mutating func number(_ value: Int) { number(Int64(value)) }

    /// With three decimals, as fits seconds; infinite and NaN become null. Magnitudes beyond 10^12 are cut there.
    package mutating func number(thousandths value: Double) {
        guard value.isFinite else { return null() }
        separate()
        let scaled = (min(max(value, -1e12), 1e12) * 1000).rounded()
        if scaled < 0 { bytes.append(ASCII.hyphen) }
        let magnitude = UInt64(scaled.magnitude)
        append(decimal: magnitude / 1000)
        bytes.append(ASCII.dot)
        bytes.append(ASCII.zero + UInt8(magnitude / 100 % 10))
        bytes.append(ASCII.zero + UInt8(magnitude / 10 % 10))
        bytes.append(ASCII.zero + UInt8(magnitude % 10))
    }

    package mutating func bool(_ value: Bool) {
        separate()
        append(value ? "true" : "false")
    }

    package mutating func null() {
        separate()
        append("null")
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(ASCII.comma) }
        needsComma = true
    }

    private mutating func finishKey() {
        bytes.append(ASCII.colon)
        needsComma = false
    }

    private mutating func appendQuoted(_ text: Span<UInt8>) {
        bytes.append(ASCII.quote)
        var index = appendPlain(text, from: 0)
        while index < text.count {
            let byte = text[index]
            if byte <= 0x7F {
                append(escaped: byte)
                index += 1
            } else {
                index += append(sequenceOf: text, at: index)
            }
            index = appendPlain(text, from: index)
        }
        bytes.append(ASCII.quote)
    }

    /// Appends what stands for itself from `start` on, and returns where that ends. In one go: that is most of what is
    /// written.
    private mutating func appendPlain(_ text: Span<UInt8>, from start: Int) -> Int {
        var index = start
        bytes.append(addingCapacity: text.count - start) { output in
            while index < text.count, Self.isPlain(text[index]) {
                output.append(text[index])
                index += 1
            }
        }
        return index
    }

    /// What stands for itself between quotes.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F && byte != ASCII.quote && byte != ASCII.backslash
    }

    private mutating func append(escaped byte: UInt8) {
        bytes.append(ASCII.backslash)
        switch byte {
        case ASCII.quote, ASCII.backslash: bytes.append(byte)
        case ASCII.lineFeed: bytes.append(0x6E)
        case ASCII.carriageReturn: bytes.append(0x72)
        case ASCII.tab: bytes.append(0x74)
        case _: append(hex: UInt16(byte))
        }
    }

    /// Appends the character of several bytes at `index` and returns how many of them it stands for.
    private mutating func append(sequenceOf text: Span<UInt8>, at index: Int) -> Int {
        guard let length = UTF8Sequence.length(in: text, at: index) else {
            append("\u{FFFD}")
            return 1
        }
        // U+0080 to U+009F (the C1 controls), U+2028 and U+2029.
        if length == 2, text[index] == 0xC2, text[index + 1] < 0xA0 {
            bytes.append(ASCII.backslash)
            append(hex: UInt16(text[index + 1]))
        } else if length == 3, text[index] == 0xE2, text[index + 1] == 0x80, text[index + 2] & 0xFE == 0xA8 {
            bytes.append(ASCII.backslash)
            append(hex: 0x2000 | UInt16(text[index + 2] & 0x3F))
        } else {
            for offset in 0..<length { bytes.append(text[index + offset]) }
        }
        return length
    }

    private mutating func append(hex unit: UInt16) {
        bytes.append(0x75)
        bytes.append(ASCII.hexDigit(UInt8(unit >> 12)))
        bytes.append(ASCII.hexDigit(UInt8(unit >> 8 & 15)))
        bytes.append(ASCII.hexDigit(UInt8(unit >> 4 & 15)))
        bytes.append(ASCII.hexDigit(UInt8(unit & 15)))
    }

    private mutating func append(decimal value: UInt64) {
        if value >= 10 { append(decimal: value / 10) }
        bytes.append(ASCII.zero + UInt8(value % 10))
    }

    private mutating func append(_ literal: StaticString) {
        let text = literal.bytes
        for index in text.indices { bytes.append(text[index]) }
    }
}
