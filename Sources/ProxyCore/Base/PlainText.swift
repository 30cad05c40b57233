/// Texts of somebody else's for messages to people: short, on one line, and without characters that a terminal would
/// obey or that look like others.
package enum PlainText {
    private static let charactersMax = 1000

    /// The text with everything but printable ASCII as `\u{e9}`, cut after 1000 characters.
    package static func line(_ text: String) -> String { escaped(text, charactersMax, alsoEscaping: []) }

    /// The same in double quotes, cut after 200 characters.
    package static func quoted(_ text: String) -> String {
        "\"\(escaped(text, 200, alsoEscaping: ["\"", "\\"]))\""
    }

    private static func escaped(_ text: String, _ charactersMax: Int, alsoEscaping others: [Unicode.Scalar]) -> String {
        let shown = text.unicodeScalars.prefix(charactersMax).map { scalar -> String in
            let isPlain = scalar.value >= 0x20 && scalar.value < 0x7F && !others.contains(scalar)
            return isPlain ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
        }
        return shown.joined() + (text.unicodeScalars.dropFirst(charactersMax).isEmpty ? "" : "…")
    }
}
