/// How far the parsing of a head that has not all come has got, so that the next attempt goes on from there: whatever
/// pieces a head comes in, each byte is looked at no more than twice.
///
/// Belongs to a connection, as its unparsed bytes do, while the table of fields belongs to the worker. A new value, and
/// what a finished or failed parse leaves, stands for a new head.
package struct HeadProgress: Sendable {
    enum Stage: UInt8 {
        case emptyLine
        case method
        case target
        case version
        case fields
    }

    var stage = Stage.emptyLine
    /// Where the line or element under way began.
    var lineStart = 0
    /// Everything before this offset has been looked at.
    var scanned = 0
    /// Field lines so far.
    var fields = 0

    package init() {}

    /// True when a head has begun to come.
    package var hasBegun: Bool { scanned > 0 }

    mutating func startLine(at offset: Int) {
        lineStart = offset
        scanned = offset
    }
}

/// What a parse of all the bytes so far came to.
package enum ParseResult: Sendable, Equatable {
    /// All of it is right so far, and more has to come.
    case incomplete
    /// The head ends behind this many bytes.
    case complete(Int)
}
