/// The token endpoint (RFC 6749 section 3.2) with the client credentials grant (section 4.4). One thread.
final class TokenEndpoint {
    private let options: TokenOptions
    private let authenticator: ClientAuthenticator
    private let keys: SigningKeyRing
    private let audit: AuditLog?

    init(_ options: TokenOptions, _ authenticator: ClientAuthenticator, keys: SigningKeyRing, audit: AuditLog?) {
        self.options = options
        self.authenticator = authenticator
        self.keys = keys
        self.audit = audit
    }

    func answer(_ call: IssuerCall) -> ServiceResponse {
        guard call.request.method == .post else { return .methodNotAllowed(allow: "POST") }
        var record = AuditRecord(call, "token")
        do throws(TokenRequestError) {
            let token = try grant(call, &record)
            let compact = token.signed(with: keys.signer(token.client.algorithm, at: call.now))
            try note(token, &record)
            return Self.granted(token, compact)
        } catch {
            record.event = .refusal
            record.reason = error.reason
            // A refusal needs no record to be one.
            try? audit?.write(record)
            return EndpointAnswer.refused(error)
        }
    }

    /// Syntax first, then the client: only a client learns what it may have.
    private func grant(_ call: IssuerCall, _ record: inout AuditRecord) throws(TokenRequestError) -> AccessToken {
        let parameters = try TokenRequestParameters(call.request)
        guard let grantType = parameters["grant_type"] else { throw .missingGrantType }
        let caller = try authenticator.authenticate(call, parameters, &record)
        record.scopesAsked = parameters["scope"]
        guard grantType == "client_credentials" else { throw .unsupportedGrantType }
        let audiences = try audiences(parameters, of: caller.client)
        record.audiences = audiences
        let scopes = try scopes(parameters["scope"], of: caller.client)
        return AccessToken(
            caller.client, for: audiences, scopes: scopes, at: call.now, certificate: caller.certificate, options)
    }

    private func scopes(_ asked: String?, of client: RegisteredClient) throws(TokenRequestError) -> [String] {
        guard let asked else { return client.scopes }
        guard let scopes = Scopes.list(asked), scopes.allSatisfy(client.scopes.contains) else { throw .invalidScope }
        return scopes
    }

    /// What the token is for: each audience and resource that the client asks for, once.
    private func audiences(
        _ parameters: TokenRequestParameters, of client: RegisteredClient
    ) throws(TokenRequestError) -> [String] {
        var audiences: [String] = []
        for resource in parameters.resources where !ResourceIndicator.isValid(resource) { throw .invalidTarget }
        for asked in [parameters["audience"]].compactMap({ $0 }) + parameters.resources {
            // By its bytes: what Unicode calls equivalent is another name to whoever verifies the token.
            guard client.audiences.contains(where: { $0.utf8.elementsEqual(asked.utf8) }) else { throw .invalidTarget }
            if !audiences.contains(asked) { audiences.append(asked) }
        }
        return audiences.isEmpty ? Array(client.audiences.prefix(1)) : audiences
    }

    /// A grant that is not written down is none.
    private func note(_ token: AccessToken, _ record: inout AuditRecord) throws(TokenRequestError) {
        record.event = .grant
        record.scopes = token.scopes
        record.tokenID = token.id
        record.expires = token.expires
        do throws(Errno) { try audit?.write(record) } catch { throw .unavailable }
    }

    /// RFC 6749 section 5.1.
    private static func granted(_ token: AccessToken, _ compact: [UInt8]) -> ServiceResponse {
        .json(fields: EndpointAnswer.notStored) { json in
            json.beginObject()
            json.key("access_token")
            json.string(compact.span)
            json.key("token_type")
            json.string("Bearer")
            json.key("expires_in")
            json.number(token.lifetimeSeconds)
            if !token.scopes.isEmpty {
                json.key("scope")
                json.string(token.scopes.joined(separator: " "))
            }
            json.endObject()
        }
    }
}
