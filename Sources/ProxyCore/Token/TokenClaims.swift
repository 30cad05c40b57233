/// The claims of a token (RFC 7519 section 4), read strictly: a claim that is there has the form that it must have.
struct TokenClaims {
    let document: JSONDocument
    private var root: JSONValue { document.root }

    init(_ payload: [UInt8]) throws(TokenError) {
        do throws(JSONError) { document = try JSONDocument(parsing: payload) } catch { throw .malformed }
        guard document.root.kind == .object else { throw .malformed }
    }

    /// The place in `issuers` of the one that the token names.
    func issuer(among issuers: [TokenIssuer]) throws(TokenError) -> Int {
        guard let issuer = root["iss"] else { throw .missingIssuer }
        guard issuer.kind == .string else { throw .invalidClaims }
        guard let index = issuers.firstIndex(where: { issuer.isString(equalTo: $0.issuer.utf8.span) }) else {
            throw .unknownIssuer
        }
        return index
    }

    /// The times of the token, once they have been held against the clock and the issuer's settings.
    func validity(for issuer: TokenIssuer, at now: UnixTime) throws(TokenError) -> Validity {
        guard let expiry = try time("exp") else { throw .missingExpiry }
        let validity = Validity(expiry: expiry, notBefore: try time("nbf"), issuedAt: try time("iat"))
        if let error = validity.error(at: now, skew: issuer.clockSkewSeconds) { throw error }
        if let longest = issuer.maxTokenLifetimeSeconds {
            guard let issuedAt = validity.issuedAt else { throw .missingIssuedAt }
            if expiry.seconds - issuedAt.seconds > longest { throw .lifetimeTooLong }
        }
        return validity
    }

    /// RFC 7519 section 4.1.3: one string, or an array of them.
    func checkAudience(_ audiences: [String]) throws(TokenError) {
        guard let audience = root["aud"] else { throw .wrongAudience }
        let named = audience.kind == .array ? audience.elements : [audience]
        guard named.allSatisfy({ $0.kind == .string }) else { throw .invalidClaims }
        let ours = named.contains { name in audiences.contains { name.isString(equalTo: $0.utf8.span) } }
        guard ours else { throw .wrongAudience }
    }

    /// The scopes in the first of `paths` that is present.
    func scopes(_ paths: [ClaimPath]) throws(TokenError) -> [[UInt8]] {
        for path in paths {
            if let value = path.value(in: root) { return try ScopeClaim.scopes(in: value) }
        }
        return []
    }

    /// The text of the first of `paths` that is present.
    func text(_ paths: [ClaimPath]) throws(TokenError) -> [UInt8]? {
        for path in paths {
            guard let value = path.value(in: root) else { continue }
            guard let bytes = value.stringBytes else { throw .invalidClaims }
            return bytes
        }
        return nil
    }

    func subject() throws(TokenError) -> [UInt8]? {
        guard let subject = root["sub"] else { return nil }
        guard let bytes = subject.stringBytes else { throw .invalidClaims }
        return bytes
    }

    /// A NumericDate (RFC 7519 section 2), which may have a fraction. Times before 1970, and those that a double does
    /// not hold to the second, are nobody's honest claim.
    private func time(_ name: String) throws(TokenError) -> UnixTime? {
        guard let value = root[name] else { return nil }
        guard let seconds = value.number, seconds >= 0, seconds <= 0x1p53 else { throw .invalidClaims }
        return UnixTime(Int64(seconds.rounded(.up)))
    }
}
