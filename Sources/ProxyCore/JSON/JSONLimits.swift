/// What a document may cost its reader. Exceeding one is a `JSONError`.
package struct JSONLimits: Sendable {
    /// Levels of arrays and objects inside each other. Bounds the reader's stack; 32 is deeper than any token or key
    /// set in use.
    package var depth: Int
    /// Values, the root and the containers included. Bounds the tape, whose entries take 16 bytes each.
    package var values: Int
    /// The document's length.
    package var bytes: Int

    package init(depth: Int = 32, values: Int = 100_000, bytes: Int = 1 << 20) {
        precondition(depth >= 0 && depth <= 256 && values > 0 && bytes >= 0 && bytes <= 1 << 30)
        self.depth = depth
        self.values = values
        self.bytes = bytes
    }
}
