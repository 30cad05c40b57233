/// A confidential client (RFC 6749 section 2.1) and what it may have. A plain value.
package struct RegisteredClient: Sendable, Equatable {
    package let id: String
    /// At most `secretsMax`, the newest last: two while one takes the other's place.
    package var secrets: [ClientSecret] = []
    /// Scopes that it may ask for, and gets when it asks for none.
    package var scopes: [String]
    /// Audiences that it may ask for; the first one is what it gets when it asks for none.
    package var audiences: [String]
    /// A client that is not is treated as unknown.
    package var isEnabled = true
    /// How its tokens are signed; nil as the server signs by default. Not in the file of clients, but for servers whose
    /// clients are made in memory.
    package var algorithm: SignatureAlgorithm?
    /// How long its tokens are valid; nil as long as the server's are by default.
    package var lifetimeSeconds: Int64?
    /// Further claims of its tokens, such as its tenant, in this order.
    package var claims: [ClientClaim] = []
    /// May learn about the tokens of other clients (RFC 7662), as an API that is called with them does.
    package var mayIntrospect = false
    /// Its public keys, for `private_key_jwt` (RFC 7523).
    package var keys: ClientKeys?
    /// The certificate that it shows instead of a secret (RFC 8705).
    package var certificate: ClientCertificate?

    package static let secretsMax = 2
    package static let idBytesMax = 128
    /// What a list of scopes, audiences or claims holds at most.
    package static let listMax = 200

    package init(id: String, scopes: [String], audiences: [String]) {
        precondition(Self.isID(id) && !audiences.isEmpty, "a client has a name and somebody to call")
        precondition(scopes.allSatisfy { Scopes.isScope($0) }, "scopes are scope-tokens")
        self.id = id
        self.scopes = scopes
        self.audiences = audiences
    }

    /// A client with one secret, which stays.
    package init(id: String, secret: ClientSecret, scopes: [String], audiences: [String]) {
        self.init(id: id, scopes: scopes, audiences: audiences)
        secrets = [secret]
    }

    /// `client-id` of RFC 6749 appendix A.1, at least one character and not too many.
    package static func isID(_ text: String) -> Bool {
        (1...idBytesMax).contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= ASCII.space && $0 < ASCII.delete }
    }
}

/// A claim that the tokens of a client carry besides those that all have.
package struct ClientClaim: Sendable, Equatable {
    package let name: String
    package let value: String

    /// nil for a claim that the server sets itself.
    package init?(_ name: String, _ value: String) {
        guard !name.isEmpty, !Self.reserved.contains(name) else { return nil }
        self.name = name
        self.value = value
    }

    private static let reserved: Set<String> = [
        "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "scope", "scp", "gty", "cnf",
    ]
}

/// The public keys of a client, as it gave them and as they are used.
package struct ClientKeys: Sendable, Equatable {
    /// The JWK Set, compact JSON.
    package let document: [UInt8]
    let usable: KeySet

    /// Throws for what is no key set. One without any usable key is one.
    package init(parsing document: [UInt8]) throws(KeySetError) {
        usable = try KeySet.parse(document)
        self.document = document
    }

    package var isEmpty: Bool { usable.keys.isEmpty }

    package static func == (left: ClientKeys, right: ClientKeys) -> Bool { left.document == right.document }
}

/// Which certificate a client shows (RFC 8705 section 2): one that its authority vouches for, by the subject, or one of
/// its own, by the thumbprint.
package enum ClientCertificate: Sendable, Equatable {
    /// `tls_client_auth`: the subject's distinguished name (RFC 4514), compared as it is written.
    case subject(String)
    /// `self_signed_tls_client_auth`: SHA-256 of the certificate, in base64url.
    case thumbprint(String)
}

/// The `scope` parameter (RFC 6749 section 3.3).
package enum Scopes {
    package static func isScope(_ text: String) -> Bool {
        ScopeToken.isValid(text.utf8.span)
    }

    /// The scopes that `text` lists, each of them once, or nil when it is not a list: single spaces between scopes.
    package static func list(_ text: String) -> [String]? {
        var scopes: [String] = []
        for part in text.utf8.split(separator: ASCII.space, omittingEmptySubsequences: false) {
            let scope = String(Substring(part))
            guard isScope(scope) else { return nil }
            if !scopes.contains(scope) { scopes.append(scope) }
        }
        return scopes
    }
}
