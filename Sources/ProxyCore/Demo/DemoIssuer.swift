import Synchronization

/// The authorization server of the demo: the thread that serves it and the walk, which turns back its clock and
/// replaces its secrets and keys, take turns.
final class DemoIssuer: Sendable {
    /// A token that was given for a secret.
    struct Grant: Sendable, Equatable {
        /// The `Authorization` that it was given for.
        let authorization: [UInt8]
        /// Which key has signed it.
        let keyID: String?
    }

    private struct State {
        var server: AuthorizationServer
        var clients: [RegisteredClient]
        var keys: [SigningKey]
        var keyFetches = 0
        var lastGrant: Grant?
    }

    private let url: IssuerURL
    private let hasCertificates: Bool
    private let state: Mutex<State>

    /// Verifiers ask for the keys so often: one does not want to wait for it in a demo.
    private static let keysMaxAgeSeconds: Int64 = 1
    private static let notYet = UnixTime(Int64.max / 2)

    /// Makes new keys: tokens of an earlier demo are worth nothing in this one.
    init(url text: String, clients: DemoClients, hasCertificates: Bool) {
        guard let url = IssuerURL(text) else { preconditionFailure("an address of this machine names an issuer") }
        self.url = url
        self.hasCertificates = hasCertificates
        let registrations = clients.registrations
        let keys = [SigningKey(.generate(.p256), .es256), SigningKey(.generate(.rsa2048), .rs256)]
        let server = Self.server(url, registrations, keys, hasCertificates)
        state = Mutex(State(server: server, clients: registrations, keys: keys))
    }

    func answer(_ request: ServiceRequest, now: UnixTime) -> ServiceResponse {
        state.withLock { state in
            let response = state.server.answer(request, now: now)
            guard response.status == 200 else { return response }
            if request.path == Array(AuthorizationServer.Path.keys.utf8) {
                state.keyFetches += 1
            } else if case .one(let authorization) = request.content(of: .authorization) {
                state.lastGrant = Grant(authorization: authorization, keyID: Self.signer(of: response))
            }
            return response
        }
    }

    /// How often its keys have been asked for.
    var keyFetches: Int { state.withLock { $0.keyFetches } }

    /// The newest token that was given for a secret in `Authorization`.
    var lastGrant: Grant? { state.withLock { $0.lastGrant } }

    // MARK: - What is replaced

    /// Gives a client one more secret beside those that it has, as `client rotate` does.
    func add(_ secret: String, to id: String) {
        let hashed = ClientSecret(hashing: secret)
        change(id) { $0.secrets.append(hashed) }
    }

    /// Ends all secrets of a client but the newest.
    func endOldSecrets(of id: String) { change(id) { $0.secrets = Array($0.secrets.suffix(1)) } }

    /// Publishes one more key, which does not sign yet. Gives its `kid`.
    func publishKey() -> String {
        state.withLock { state in
            let key = SigningKey(.generate(.p256), .es256, activates: Self.notYet)
            state.keys.append(key)
            state.server = Self.server(url, state.clients, state.keys, hasCertificates)
            return key.keyID
        }
    }

    /// From `now` on the newest key signs; the one before it stays published for the tokens that it has signed.
    func activateKey(at now: UnixTime) {
        state.withLock { state in
            guard let newest = state.keys.popLast() else { return }
            state.keys.append(SigningKey(newest.key, newest.algorithm, activates: now))
            state.server = Self.server(url, state.clients, state.keys, hasCertificates)
        }
    }

    private func change(_ id: String, _ change: @Sendable (inout RegisteredClient) -> Void) {
        state.withLock { state in
            guard let index = state.clients.firstIndex(where: { $0.id == id }) else { return }
            change(&state.clients[index])
            state.server = Self.server(url, state.clients, state.keys, hasCertificates)
        }
    }

    private static func server(
        _ url: IssuerURL, _ clients: [RegisteredClient], _ keys: [SigningKey], _ hasCertificates: Bool
    ) -> AuthorizationServer {
        var schedule = SigningKeySchedule()
        schedule.maxAgeSeconds = keysMaxAgeSeconds
        var options = AuthorizationServerOptions(tokens: TokenOptions(issuer: url))
        options.hasCertificates = hasCertificates
        return AuthorizationServer(
            options,
            AuthorizationServer.Parts(
                clients: ClientRegistry(clients), keys: SigningKeyRing(keys, schedule),
                used: ExpiringJournal(entriesMax: 1000), revoked: ExpiringJournal(entriesMax: 1000), audit: nil))
    }

    private static func signer(of response: ServiceResponse) -> String? {
        guard let token = try? TokenAnswer(parsing: response.body).token,
            let compact = try? CompactToken(parsing: token.span, maxBytes: token.count)
        else { return nil }
        return compact.keyID.map { String(decoding: $0, as: UTF8.self) }
    }
}
