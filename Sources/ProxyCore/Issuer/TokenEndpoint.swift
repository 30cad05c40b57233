/// The token endpoint (RFC 6749 section 3.2) with the client credentials grant (section 4.4). One thread.
final class TokenEndpoint {
    private let issuer: String
    private let clients: [String: RegisteredClient]
    private let keys: [SigningKey]
    /// Stands in for clients that do not exist, so that finding out costs a stranger what a wrong secret costs.
    private let nobody = ClientSecret(hashing: ClientSecret.generate())

    init(issuer: String, clients: [RegisteredClient], keys: [SigningKey]) {
        self.issuer = issuer
        self.keys = keys
        self.clients = Dictionary(clients.map { ($0.id, $0) }) { _, _ in preconditionFailure("two clients, one name") }
        precondition(clients.allSatisfy { client in keys.contains { $0.algorithm == client.algorithm } })
    }

    func answer(_ request: ServiceRequest, now: UnixTime) -> ServiceResponse {
        guard request.method == .post else { return .methodNotAllowed(allow: "POST") }
        do throws(TokenRequestError) {
            return granted(try grant(request, now: now))
        } catch {
            return refused(error)
        }
    }

    /// Syntax first, then the client: only a client learns what it may have.
    private func grant(_ request: ServiceRequest, now: UnixTime) throws(TokenRequestError) -> AccessToken {
        guard request.query == nil else { throw .parametersInQuery }
        let parameters = try TokenRequestParameters(request)
        guard let grantType = parameters["grant_type"] else { throw .missingGrantType }
        let client = try authenticate(ClientCredentials(request, parameters))
        guard grantType == "client_credentials" else { throw .unsupportedGrantType }
        return AccessToken(
            issuer: issuer, client: client, audience: try audience(parameters["audience"], of: client),
            scopes: try scopes(parameters["scope"], of: client), issuedAt: now)
    }

    private func authenticate(_ credentials: ClientCredentials) throws(TokenRequestError) -> RegisteredClient {
        let client = clients[credentials.id]
        let isRight = (client?.secret ?? nobody).matches(credentials.secret)
        guard let client, isRight else { throw .invalidClient }
        return client
    }

    private func scopes(_ asked: String?, of client: RegisteredClient) throws(TokenRequestError) -> [String] {
        guard let asked else { return client.scopes }
        guard let scopes = Scopes.list(asked), scopes.allSatisfy(client.scopes.contains) else { throw .invalidScope }
        return scopes
    }

    private func audience(_ asked: String?, of client: RegisteredClient) throws(TokenRequestError) -> String {
        guard let asked else { return client.audiences[0] }
        guard client.audiences.contains(asked) else { throw .invalidTarget }
        return asked
    }

    /// RFC 6749 section 5.1.
    private func granted(_ token: AccessToken) -> ServiceResponse {
        guard let key = keys.first(where: { $0.algorithm == token.client.algorithm }) else {
            preconditionFailure("every client's algorithm has a key")
        }
        let compact = token.signed(with: key)
        return .json(fields: Self.notStored) { json in
            json.beginObject()
            json.key("access_token")
            json.string(compact.span)
            json.key("token_type")
            json.string("Bearer")
            json.key("expires_in")
            json.number(token.client.lifetimeSeconds)
            if !token.scopes.isEmpty {
                json.key("scope")
                json.string(token.scopes.joined(separator: " "))
            }
            json.endObject()
        }
    }

    /// RFC 6749 section 5.2.
    private func refused(_ error: TokenRequestError) -> ServiceResponse {
        // RFC 9110 section 15.5.2: a 401 says how one can authenticate.
        let challenge = ServiceResponse.Field("WWW-Authenticate", "Basic realm=\"token\"")
        let fields = error.status == 401 ? [challenge] + Self.notStored : Self.notStored
        return .json(status: error.status, fields: fields) { json in
            json.beginObject()
            json.key("error")
            json.string(error.code)
            json.key("error_description")
            json.string(error.description)
            json.endObject()
        }
    }

    private static let notStored = [
        ServiceResponse.Field("Cache-Control", "no-store"), ServiceResponse.Field("Pragma", "no-cache"),
    ]
}
