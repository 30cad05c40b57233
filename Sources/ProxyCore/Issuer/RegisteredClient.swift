/// A confidential client (RFC 6749 section 2.1) and what it may have.
package struct RegisteredClient: Sendable {
    package let id: String
    package let secret: ClientSecret
    /// Scopes that it may ask for, and gets when it asks for none.
    package let scopes: [String]
    /// Audiences that it may ask for; the first one is what it gets when it asks for none.
    package let audiences: [String]
    /// How its tokens are signed; the server has a key for it.
    package var algorithm = SignatureAlgorithm.es256
    /// How long its tokens are valid. Short, because a token cannot be called back.
    package var lifetimeSeconds: Int64 = 300
    /// Further claims of its tokens, such as its tenant, in this order.
    package var claims: [(name: String, value: String)] = [] {
        didSet { precondition(claims.allSatisfy { !Self.reservedClaims.contains($0.name) }, "a claim of the server's") }
    }

    package init(id: String, secret: ClientSecret, scopes: [String], audiences: [String]) {
        precondition(!id.isEmpty && !audiences.isEmpty, "a client has a name and somebody to call")
        precondition(scopes.allSatisfy { Scopes.isScope($0) }, "scopes are scope-tokens")
        self.id = id
        self.secret = secret
        self.scopes = scopes
        self.audiences = audiences
    }

    /// Those that `AccessToken` sets itself.
    private static let reservedClaims: Set<String> = [
        "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "scope",
    ]
}

/// The `scope` parameter (RFC 6749 section 3.3).
enum Scopes {
    static func isScope(_ text: String) -> Bool {
        let text = text
        return ScopeToken.isValid(text.utf8.span)
    }

    /// The scopes that `text` lists, each of them once, or nil when it is not a list: single spaces between scopes.
    static func list(_ text: String) -> [String]? {
        var scopes: [String] = []
        for part in text.split(separator: " ", omittingEmptySubsequences: false) {
            let scope = String(part)
            guard isScope(scope) else { return nil }
            if !scopes.contains(scope) { scopes.append(scope) }
        }
        return scopes
    }
}
