/// How often a field occurs that should occur at most once.
package enum Occurrence: Sendable, Equatable {
    case none
    /// Once, with this value.
    case one(ByteRange)
    case several
}
