/// When a token may be used. Times with a fraction are kept as the next whole second, which changes no answer: the time
/// that they are compared with is whole.
package struct Validity: Sendable, Equatable {
    package let expiry: UnixTime
    package let notBefore: UnixTime?
    package let issuedAt: UnixTime?

    package init(expiry: UnixTime, notBefore: UnixTime? = nil, issuedAt: UnixTime? = nil) {
        self.expiry = expiry
        self.notBefore = notBefore
        self.issuedAt = issuedAt
    }

    /// What speaks against using the token at `now` when the clocks may differ by `skew` seconds (RFC 7519 section
    /// 4.1.4: not on or after the expiry).
    package func error(at now: UnixTime, skew: Int64) -> TokenError? {
        if now.seconds >= expiry.seconds + skew { return .expired }
        if let notBefore, notBefore.seconds > now.seconds + skew { return .notYetValid }
        if let issuedAt, issuedAt.seconds > now.seconds + skew { return .issuedInFuture }
        return nil
    }
}
