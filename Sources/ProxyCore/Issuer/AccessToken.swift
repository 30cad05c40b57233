/// An access token to be made (RFC 9068 section 2).
struct AccessToken {
    let issuer: String
    let client: RegisteredClient
    let audience: String
    let scopes: [String]
    let issuedAt: UnixTime

    /// The signed token in compact form. Carries a fresh `jti`.
    func signed(with key: SigningKey) -> [UInt8] {
        let header = header(key)
        var token = Base64URL.encode(header.span)
        token.append(ASCII.dot)
        let claims = claims()
        token += Base64URL.encode(claims.span)
        let signature = key.sign(token.span)
        token.append(ASCII.dot)
        token += Base64URL.encode(signature.span)
        return token
    }

    private func header(_ key: SigningKey) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("alg")
        json.string(key.algorithm.name)
        json.key("typ")
        json.string("at+jwt")
        json.key("kid")
        json.string(key.keyID)
        json.endObject()
        return json.bytes
    }

    private func claims() -> [UInt8] {
        let random = SecureRandom.bytes(16)
        var json = JSONWriter()
        json.beginObject()
        write("iss", issuer, to: &json)
        // Section 2.2: no resource owner takes part, so the subject is the client itself.
        write("sub", client.id, to: &json)
        write("aud", audience, to: &json)
        json.key("exp")
        json.number(issuedAt.seconds + client.lifetimeSeconds)
        json.key("iat")
        json.number(issuedAt.seconds)
        write("jti", Base64URL.encode(random.span).span.text, to: &json)
        write("client_id", client.id, to: &json)
        if !scopes.isEmpty { write("scope", scopes.joined(separator: " "), to: &json) }
        for claim in client.claims { write(claim.name, claim.value, to: &json) }
        json.endObject()
        return json.bytes
    }

    private func write(_ name: String, _ value: String, to json: inout JSONWriter) {
        json.key(name)
        json.string(value)
    }
}
