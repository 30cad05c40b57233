/// The layout of JSON for people: one member or element on a line, two spaces for each level.
package enum JSONIndent {
    /// `compact`, which is well formed and holds no white space between its values, with line feeds and spaces.
    package static func lines(_ compact: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        var depth = 0
        var isInString = false
        var isEscaped = false
        var previous: UInt8 = 0
        for byte in compact {
            if isInString {
                output.append(byte)
                if isEscaped { isEscaped = false } else if byte == ASCII.backslash { isEscaped = true } else {
                    isInString = byte != ASCII.quote
                }
                previous = byte
                continue
            }
            let closes = byte == closeBrace || byte == closeBracket
            let wasOpened = previous == openBrace || previous == openBracket
            if closes { depth -= 1 }
            if wasOpened != closes || previous == ASCII.comma { newLine(&output, depth, unless: output.isEmpty) }
            output.append(byte)
            if byte == ASCII.colon { output.append(ASCII.space) }
            if byte == openBrace || byte == openBracket { depth += 1 }
            isInString = byte == ASCII.quote
            previous = byte
        }
        return output + [ASCII.lineFeed]
    }

    private static func newLine(_ output: inout [UInt8], _ depth: Int, unless isStart: Bool) {
        guard !isStart else { return }
        output.append(ASCII.lineFeed)
        output += [UInt8](repeating: ASCII.space, count: 2 * depth)
    }

    private static let openBrace: UInt8 = 0x7B
    private static let closeBrace: UInt8 = 0x7D
    private static let openBracket: UInt8 = 0x5B
    private static let closeBracket: UInt8 = 0x5D
}
