/// What happens to a target's token, for the log and the metrics. Nothing of the token is in it.
package enum TokenSourceEvent: Sendable {
    /// - Parameters:
    ///   - isAssumed: the server did not say how long it lives.
    ///   - missingScopes: what was asked for and is not among what was granted.
    case obtained(lifetime: Interval, isAssumed: Bool, missingScopes: [String])
    case failed(TokenFailure, retryIn: Interval, tokenKept: Bool)
    /// The target has refused a token before its end.
    case refusedByTarget
    case credentialsChanged
}
