/// One entry of a document's tape: a value or a member's name, in the order of the text.
///
/// A container's entry is followed by those of its contents; `next` leads past them. An object's contents are name,
/// value, name, value and so on.
struct JSONNode: Sendable {
    enum Tag: UInt8, Sendable {
        case object
        case array
        /// A string whose bytes between the quotes are its value.
        case plainString
        /// A string with at least one escape.
        case escapedString
        case number
        case `true`
        case `false`
        case null
    }

    var tag: Tag
    /// The value's text; a string's includes its quotes.
    var lower: UInt32
    var upper: UInt32
    /// The index of the entry after this value and everything in it.
    var next: UInt32

    init(_ tag: Tag, from lower: Int, to upper: Int, next: Int) {
        self.tag = tag
        self.lower = UInt32(truncatingIfNeeded: lower)
        self.upper = UInt32(truncatingIfNeeded: upper)
        self.next = UInt32(truncatingIfNeeded: next)
    }

    var isString: Bool { tag == .plainString || tag == .escapedString }
    var range: ByteRange { ByteRange(Int(lower), Int(upper)) }
    /// What is between a string's quotes.
    var contents: ByteRange { ByteRange(Int(lower) + 1, Int(upper) - 1) }
}
