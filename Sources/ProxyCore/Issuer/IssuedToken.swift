/// A token that this server has signed and that has not expired: what revocation and introspection are about.
struct IssuedToken {
    let claims: JSONValue
    let client: String
    let id: String
    let expires: UnixTime

    private static let bytesMax = 16_384

    /// nil for everything else.
    init?(_ text: String, signedWith keys: SigningKeyRing, issuer: String, at now: UnixTime) {
        let bytes = Array(text.utf8)
        guard let token = try? CompactToken(parsing: bytes.span, maxBytes: Self.bytesMax),
            let type = token.type, type.span.equalsIgnoringCase("at+jwt"),
            let key = keys.published(token.keyID, at: now), key.algorithm == token.algorithm,
            key.verify(bytes.span.slice(token.signingInput), token.signature.span),
            let root = try? JSONDocument(parsing: token.payload).root, root["iss"]?.string == issuer,
            let expires = root["exp"]?.integer, now.seconds < expires,
            let client = root["client_id"]?.string, let id = root["jti"]?.string
        else { return nil }
        claims = root
        self.client = client
        self.id = id
        self.expires = UnixTime(expires)
    }
}
