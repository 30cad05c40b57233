/// A text of somebody else's, quoted and cut for a message to people.
package struct QuotedText: Sendable, Equatable, CustomStringConvertible {
    /// In double quotes.
    package let description: String

    package init(_ text: String) { description = PlainText.quoted(text) }
}
