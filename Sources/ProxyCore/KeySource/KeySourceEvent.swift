/// What a key source has to tell people. The receiver knows the issuer, and turns this into log lines and counters.
package enum KeySourceEvent: Sendable, Equatable {
    /// `isNew`: the document is not the one from before.
    case fetched(keys: Int, skipped: Int, lifetime: Interval, isNew: Bool)
    /// A key of a new document that cannot be used. Its `kid` is whatever the document says.
    case skippedKey(KeySet.SkippedKey)
    case fetchFailed(KeyFetchFailure, retryIn: Interval, keysKept: Bool)
    case usedDiskCopy(keys: Int, age: Interval)
    case diskCopyNotUsed(KeyDiskCopy.Problem)
    case diskCopyNotWritten(Errno)
    /// Fetches have failed for too long: the issuer has no keys any more.
    case droppedStale
}
