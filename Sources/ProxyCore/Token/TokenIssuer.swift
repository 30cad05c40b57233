/// How the tokens of one issuer are judged. Filled from the configuration; its keys are kept elsewhere.
package struct TokenIssuer: Sendable, Equatable {
    /// `iss`, compared byte by byte.
    package var issuer: String
    /// `aud` has to hold at least one of these.
    package var audiences: [String]
    package var algorithms = SignatureAlgorithmSet.all
    /// Where scopes may be; the first that is present counts.
    package var scopeClaims = ClaimPath.list("scope", "scp")
    /// How far the issuer's clock may be off, in seconds.
    package var clockSkewSeconds: Int64 = 30
    /// Values of `typ` that are accepted, in any case (RFC 9068 section 2.1; `JWT` for issuers that predate it).
    package var tokenTypes = ["at+jwt", "application/at+jwt", "JWT"]
    /// Whether `typ` may be absent.
    package var acceptsUntyped = true
    /// The longest time from `iat` to `exp`, in seconds; nil for any. With it `iat` is required.
    package var maxTokenLifetimeSeconds: Int64?
    /// Whether tokens are, or have to be, bound to the caller's certificate.
    package var certificateBinding = CertificateBinding.optional
    /// Where the client's name may be; the first that is present counts.
    package var clientIDClaims = ClaimPath.list("client_id", "azp", "appid", "cid", "sub")

    package init(issuer: String, audiences: [String]) {
        self.issuer = issuer
        self.audiences = audiences
    }

    func accepts(type: [UInt8]?) -> Bool {
        guard let type else { return acceptsUntyped }
        return tokenTypes.contains { accepted in type.span.equalsIgnoringCase(accepted.utf8.span) }
    }
}

extension ClaimPath {
    /// Paths that are known to be well formed.
    static func list(_ paths: String...) -> [ClaimPath] { paths.compactMap(ClaimPath.init(dotted:)) }
}
