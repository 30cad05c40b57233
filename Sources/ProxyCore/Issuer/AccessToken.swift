/// An access token to be made (RFC 9068 section 2).
struct AccessToken {
    let issuer: String
    let client: RegisteredClient
    let audiences: [String]
    let scopes: [String]
    let issuedAt: UnixTime
    let lifetimeSeconds: Int64
    /// Thumbprint of the certificate that it is bound to (RFC 8705 section 3.1).
    let certificate: String?
    let options: TokenOptions
    let id: String

    /// A new token, with a fresh `jti`.
    init(
        _ client: RegisteredClient, for audiences: [String], scopes: [String], at time: UnixTime, certificate: String?,
        _ options: TokenOptions
    ) {
        issuer = options.issuer.name
        self.client = client
        self.audiences = audiences
        self.scopes = scopes
        issuedAt = time
        lifetimeSeconds = min(client.lifetimeSeconds ?? options.lifetimeSeconds, options.lifetimeMaxSeconds)
        self.certificate = certificate
        self.options = options
        let random = SecureRandom.bytes(16)
        id = Base64URL.encode(random.span).span.text
    }

    var expires: UnixTime { UnixTime(issuedAt.seconds + lifetimeSeconds) }

    /// The signed token in compact form.
    func signed(with key: SigningKey) -> [UInt8] {
        let claims = Base64URL.encode(claims().span)
        var token: [UInt8] = []
        token.reserveCapacity(key.encodedHeader.count + claims.count + Self.signatureBytesUsual)
        token += key.encodedHeader
        token += claims
        let signature = key.sign(token.span)
        token.append(ASCII.dot)
        token += Base64URL.encode(signature.span)
        return token
    }

    private static let signatureBytesUsual = 128
    private static let claimsBytesUsual = 512

    private func claims() -> [UInt8] {
        var json = JSONWriter(capacity: Self.claimsBytesUsual)
        json.beginObject()
        write("iss", issuer, to: &json)
        // Section 2.2: no resource owner takes part, so the subject is the client itself.
        write("sub", client.id, to: &json)
        writeAudiences(to: &json)
        json.key("exp")
        json.number(expires.seconds)
        json.key("iat")
        json.number(issuedAt.seconds)
        write("jti", id, to: &json)
        write("client_id", client.id, to: &json)
        if !scopes.isEmpty { write("scope", scopes.joined(separator: " "), to: &json) }
        if options.addsScopeArray, !scopes.isEmpty {
            json.key("scp")
            json.beginArray()
            for scope in scopes { json.string(scope) }
            json.endArray()
        }
        if options.addsGrantType { write("gty", "client-credentials", to: &json) }
        if let certificate {
            json.key("cnf")
            json.beginObject()
            write("x5t#S256", certificate, to: &json)
            json.endObject()
        }
        for claim in client.claims {
            json.key(claim.name)
            json.string(claim.value)
        }
        json.endObject()
        return json.bytes
    }

    private func writeAudiences(to json: inout JSONWriter) {
        json.key("aud")
        guard audiences.count > 1 else { return json.string(audiences.first ?? "") }
        json.beginArray()
        for audience in audiences { json.string(audience) }
        json.endArray()
    }

    private func write(_ name: StaticString, _ value: String, to json: inout JSONWriter) {
        json.key(name)
        json.string(value)
    }
}

/// What all tokens of a server have in common.
package struct TokenOptions: Sendable, Equatable {
    package let issuer: IssuerURL
    /// Of tokens whose client says nothing else. Short, because a token cannot be called back from who verifies it.
    package var lifetimeSeconds: Int64 = 300
    /// The longest life that any client's tokens have.
    package var lifetimeMaxSeconds: Int64 = 3600
    /// Adds the scopes as an array `scp`, as some consumers expect them.
    package var addsScopeArray = false
    /// Adds `gty`, the grant type as some consumers expect it.
    package var addsGrantType = false

    package init(issuer: IssuerURL) { self.issuer = issuer }
}
