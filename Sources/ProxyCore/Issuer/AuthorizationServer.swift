/// The authorization server: which resource answers a request. Requests and the time go in, responses come out; on the
/// way it looks at the files of its clients and keys, and writes its records. One thread.
package final class AuthorizationServer {
    /// The paths of its resources, below the issuer's own.
    package enum Path {
        package static let token = "/oauth/token"
        package static let revocation = "/oauth/revoke"
        package static let introspection = "/oauth/introspect"
        package static let keys = "/.well-known/jwks.json"
        static let openID = "/.well-known/openid-configuration"
    }

    /// What a server works with besides its options.
    package struct Parts {
        let clients: ClientRegistry
        let keys: SigningKeyRing
        /// Assertions that were used, and tokens that were revoked.
        let used: ExpiringJournal
        let revoked: ExpiringJournal
        let audit: AuditLog?

        /// - Parameter audit: nil to keep no records, as in a demonstration.
        package init(
            clients: ClientRegistry, keys: SigningKeyRing, used: ExpiringJournal, revoked: ExpiringJournal,
            audit: AuditLog?
        ) {
            self.clients = clients
            self.keys = keys
            self.used = used
            self.revoked = revoked
            self.audit = audit
        }
    }

    private enum Resource {
        case token
        case revocation
        case introspection
        case keys
        case metadata
    }

    private let options: AuthorizationServerOptions
    private let clients: ClientRegistry
    private let keys: SigningKeyRing
    private let tokens: TokenEndpoint
    private let revocations: RevocationEndpoint
    private let introspections: IntrospectionEndpoint
    private let resources: [String: Resource]

    package init(_ options: AuthorizationServerOptions, _ parts: Parts) {
        self.options = options
        clients = parts.clients
        keys = parts.keys
        let issuer = options.tokens.issuer
        let endpoints = [Path.token, Path.revocation, Path.introspection].map(issuer.endpoint)
        let authenticator = ClientAuthenticator(
            clients: parts.clients, guesses: GuessGuard(options.guesses), used: parts.used,
            assertionAudiences: [issuer.name, issuer.base] + endpoints)
        tokens = TokenEndpoint(options.tokens, authenticator, keys: parts.keys, audit: parts.audit)
        revocations = RevocationEndpoint(
            issuer: issuer.name, authenticator, keys: parts.keys, revoked: parts.revoked, audit: parts.audit)
        introspections = IntrospectionEndpoint(
            issuer: issuer.name, authenticator, clients: parts.clients, keys: parts.keys, revoked: parts.revoked,
            audit: parts.audit)
        resources = Self.resources(of: issuer)
    }

    /// A server in memory alone.
    ///
    /// - Parameters:
    ///   - issuer: `iss` of its tokens: the URL that verifiers know it by.
    ///   - keys: one for each algorithm of the clients; all of them are published.
    package convenience init(issuer: String, clients: [RegisteredClient], keys: [SigningKey]) {
        guard let url = IssuerURL(issuer) else { preconditionFailure("an issuer is named by a URL") }
        let parts = Parts(
            clients: ClientRegistry(clients), keys: SigningKeyRing(keys), used: ExpiringJournal(entriesMax: 10_000),
            revoked: ExpiringJournal(entriesMax: 10_000), audit: nil)
        self.init(AuthorizationServerOptions(tokens: TokenOptions(issuer: url)), parts)
    }

    /// The answers to requests that have come together, each in its place. One look at the files and one record serve
    /// them all, so that what is granted here is granted once all of it has been written down.
    package func answer(_ requests: [ServiceRequest], now: UnixTime) -> [ServiceResponse] {
        clients.refresh()
        keys.refresh()
        let outcomes = requests.map { outcome(of: $0, now: now) }
        let areRecorded = tokens.record()
        return outcomes.map { outcome in
            switch outcome {
            case .answer(let response): response
            case .grant(let token): areRecorded ? tokens.granted(token) : EndpointAnswer.refused(.unavailable)
            }
        }
    }

    package func answer(_ request: ServiceRequest, now: UnixTime) -> ServiceResponse {
        answer([request], now: now)[0]
    }

    private func outcome(of request: ServiceRequest, now: UnixTime) -> TokenEndpoint.Outcome {
        guard let resource = resources[String(decoding: request.path, as: UTF8.self)] else {
            return .answer(.problem(404))
        }
        let peer = options.callers.address(of: request)
        let call = IssuerCall(request: request, peer: peer, now: now)
        switch resource {
        case .token: return tokens.outcome(of: call)
        case .revocation: return .answer(revocations.answer(call))
        case .introspection: return .answer(introspections.answer(call))
        case .keys: return .answer(publish(request) { writeKeys(at: now, to: &$0) })
        case .metadata:
            let page = publish(request) { json in
                IssuerMetadata.write(options.tokens.issuer, hasCertificates: options.hasCertificates, to: &json)
            }
            return .answer(page)
        }
    }

    private static func resources(of issuer: IssuerURL) -> [String: Resource] {
        let path = issuer.path
        var resources: [String: Resource] = [
            path + Path.token: .token, path + Path.revocation: .revocation, path + Path.introspection: .introspection,
            path + Path.keys: .keys,
        ]
        // Behind the path as OpenID Connect Discovery 1.0 section 4 has it, and before it (RFC 8414 section 5).
        for place in [issuer.metadataPath, path + Path.openID, Path.openID + path] { resources[place] = .metadata }
        return resources
    }

    private func publish(_ request: ServiceRequest, _ write: (inout JSONWriter) -> Void) -> ServiceResponse {
        guard request.method == .get || request.method == .head else { return .methodNotAllowed(allow: "GET, HEAD") }
        let lifetime = ServiceResponse.Field("Cache-Control", "public, max-age=\(keys.maxAgeSeconds)")
        return .json(fields: [lifetime], write)
    }

    /// The JWK Set (RFC 7517 section 5).
    private func writeKeys(at now: UnixTime, to json: inout JSONWriter) {
        json.beginObject()
        json.key("keys")
        json.beginArray()
        for key in keys.published(at: now) { key.write(to: &json) }
        json.endArray()
        json.endObject()
    }
}

/// How an authorization server behaves. A plain value.
package struct AuthorizationServerOptions: Sendable, Equatable {
    package var tokens: TokenOptions
    package var guesses = GuessLimits()
    package var callers = CallerAddress()
    /// Whether callers can show certificates.
    package var hasCertificates = false

    package init(tokens: TokenOptions) { self.tokens = tokens }
}
