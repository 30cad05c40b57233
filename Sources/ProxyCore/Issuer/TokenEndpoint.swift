/// The token endpoint (RFC 6749 section 3.2) with the client credentials grant (section 4.4). One thread.
final class TokenEndpoint {
    /// What becomes of a request.
    enum Outcome {
        case answer(ServiceResponse)
        /// Given once it has been written down.
        case grant(AccessToken)
    }

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

    /// `record` has to follow.
    func outcome(of call: IssuerCall) -> Outcome {
        guard call.request.method == .post else { return .answer(.methodNotAllowed(allow: "POST")) }
        var record = AuditRecord(call, "token")
        defer { audit?.add(record) }
        do throws(TokenRequestError) {
            let token = try grant(call, &record)
            record.event = .grant
            record.scopes = token.scopes
            record.tokenID = token.id
            record.expires = token.expires
            return .grant(token)
        } catch {
            record.event = .refusal
            record.reason = error.reason
            return .answer(EndpointAnswer.refused(error))
        }
    }

    /// Writes down what has come of the calls since the last time. False when that fails: a grant that is not written
    /// down is none. A refusal needs no record to be one.
    func record() -> Bool {
        do throws(Errno) { try audit?.flush() } catch { return false }
        return true
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

    /// The answer that gives the token (RFC 6749 section 5.1).
    func granted(_ token: AccessToken) -> ServiceResponse {
        let compact = token.signed(with: keys.signer(token.client.algorithm, at: token.issuedAt))
        return .json(fields: EndpointAnswer.notStored) { json in
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
