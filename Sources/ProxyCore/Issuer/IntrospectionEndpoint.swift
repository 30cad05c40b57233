/// Token introspection (RFC 7662): whether a token of this server is active, for its own client, and for those that may
/// ask about others. One thread.
final class IntrospectionEndpoint {
    private let issuer: String
    private let authenticator: ClientAuthenticator
    private let clients: ClientRegistry
    private let keys: SigningKeyRing
    private let revoked: ExpiringJournal
    private let audit: AuditLog?

    init(
        issuer: String, _ authenticator: ClientAuthenticator, clients: ClientRegistry, keys: SigningKeyRing,
        revoked: ExpiringJournal, audit: AuditLog?
    ) {
        self.issuer = issuer
        self.authenticator = authenticator
        self.clients = clients
        self.keys = keys
        self.revoked = revoked
        self.audit = audit
    }

    func answer(_ call: IssuerCall) -> ServiceResponse {
        guard call.request.method == .post else { return .methodNotAllowed(allow: "POST") }
        var record = AuditRecord(call, "introspect")
        do throws(TokenRequestError) {
            let parameters = try TokenRequestParameters(call.request)
            let caller = try authenticator.authenticate(call, parameters, &record)
            guard let text = parameters["token"] else { throw .missingToken }
            return Self.described(active(text, for: caller.client, at: call.now))
        } catch {
            record.event = .refusal
            record.reason = error.reason
            try? audit?.write(record)
            return EndpointAnswer.refused(error)
        }
    }

    /// The token, when it is active and of the caller's concern. What it is otherwise is not told (section 2.2).
    private func active(_ text: String, for caller: RegisteredClient, at now: UnixTime) -> IssuedToken? {
        guard let token = IssuedToken(text, signedWith: keys, issuer: issuer, at: now),
            token.client == caller.id || caller.mayIntrospect, !revoked.contains(token.id, at: now),
            clients.entry(token.client) != nil
        else { return nil }
        return token
    }

    private static func described(_ token: IssuedToken?) -> ServiceResponse {
        .json(fields: EndpointAnswer.notStored) { json in
            json.beginObject()
            json.key("active")
            json.bool(token != nil)
            if let token {
                json.key("token_type")
                json.string("Bearer")
                for name in claims {
                    guard let value = token.claims[name] else { continue }
                    json.key(name)
                    json.value(value)
                }
            }
            json.endObject()
        }
    }

    /// Those that section 2.2 names, and `cnf` (RFC 8705 section 3.2).
    private static let claims = ["scope", "client_id", "exp", "iat", "sub", "aud", "iss", "jti", "cnf"]
}
