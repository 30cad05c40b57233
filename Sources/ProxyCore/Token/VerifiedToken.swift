/// What is left of a token once its signature and its claims have been found good. Only the verifier makes one.
package final class VerifiedToken: Sendable {
    /// The issuer's place in the verifier's list.
    package let issuer: Int
    /// The key that signed it. A remembered token counts only while its issuer has this key.
    package let key: KeyIdentity
    private let use: KeyUse
    package let validity: Validity
    package let subject: [UInt8]?
    package let clientID: [UInt8]?
    /// Each of them a scope-token (RFC 6749 section 3.3), in the order of the token; one may be there twice.
    package let scopes: [[UInt8]]
    package let claims: JSONDocument
    /// The certificate that the token is bound to (RFC 8705 section 3.1): it counts on no connection without that.
    package let certificate: CertificateThumbprint?

    package var expiry: UnixTime { validity.expiry }

    init(issuer: Int, key: KeyIdentity, use: KeyUse, validity: Validity, claims: CheckedClaims) {
        self.issuer = issuer
        self.key = key
        self.use = use
        self.validity = validity
        subject = claims.subject
        clientID = claims.clientID
        scopes = claims.scopes
        self.claims = claims.document
        certificate = claims.certificate
    }

    /// Notes that the key which signed the token was used.
    package func noteUse(at now: UnixTime) { use.note(now) }

    /// What speaks against using the token at `now`. To be asked on every request: a token grows old in the cache.
    package func temporalError(at now: UnixTime, skew: Int64) -> TokenError? { validity.error(at: now, skew: skew) }

    /// What speaks against taking the token from a caller with this certificate. To be asked on every request: whoever
    /// gets hold of a remembered token has another connection.
    package func bindingError(_ callers: CertificateThumbprint?) -> TokenError? {
        CertificateBinding.error(boundTo: certificate, callers: callers)
    }
}

/// The claims of a token that has been judged in every way but by its signature.
struct CheckedClaims {
    let document: JSONDocument
    let subject: [UInt8]?
    let clientID: [UInt8]?
    let scopes: [[UInt8]]
    let certificate: CertificateThumbprint?

    init(_ claims: TokenClaims, of issuer: TokenIssuer) throws(TokenError) {
        document = claims.document
        subject = try claims.subject()
        clientID = try claims.text(issuer.clientIDClaims)
        scopes = try claims.scopes(issuer.scopeClaims)
        certificate = try issuer.certificateBinding.confirmation(in: claims.document.root)
    }
}
