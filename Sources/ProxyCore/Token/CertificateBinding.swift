/// What becomes of a token's binding to the caller's certificate (RFC 8705 section 3), for one issuer.
package enum CertificateBinding: Sendable, Equatable, CaseIterable {
    /// A token that is bound counts only from whom it is bound to; one that is not counts from everybody who has it.
    case optional
    /// Only tokens that are bound to a certificate count.
    case required
    /// `cnf` is not looked at.
    case ignored

    /// The certificate that the token with these claims is bound to; nil when it is bound to nothing.
    ///
    /// Several methods in one `cnf` are all meant (RFC 7800 section 3.1), and what cannot be checked is not taken for
    /// checked: a token bound by DPoP is not to be had for the price of a bearer token.
    func confirmation(in claims: JSONValue) throws(TokenError) -> CertificateThumbprint? {
        if self == .ignored { return nil }
        guard let confirmation = claims["cnf"] else {
            if self == .required { throw .notBound }
            return nil
        }
        guard confirmation.kind == .object else { throw .invalidClaims }
        guard let thumbprint = confirmation["x5t#S256"], confirmation.members.count == 1 else {
            throw .unsupportedConfirmation
        }
        guard let text = thumbprint.stringBytes, let certificate = CertificateThumbprint(base64URL: text.span) else {
            throw .invalidClaims
        }
        return certificate
    }

    /// What speaks against a token that is bound to `certificate` from a caller who has shown `callers`.
    static func error(boundTo certificate: CertificateThumbprint?, callers: CertificateThumbprint?) -> TokenError? {
        guard let certificate else { return nil }
        guard let callers else { return .missingCertificate }
        return callers == certificate ? nil : .otherCertificate
    }
}
