/// Text of anybody's making, made fit for one line on a terminal.
package enum EscapedText {
    /// The text with everything that has no shape of its own written as `\n`, `\u{1B}` and so on: control characters,
    /// line separators, and the marks that change the order in which text is shown.
    package static func line(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isShapeless) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if isShapeless(scalar) { result += escape(scalar) } else { result.unicodeScalars.append(scalar) }
        }
        return result
    }

    private static func isShapeless(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: return true
        case _: return false
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        case _: "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
        }
    }
}
