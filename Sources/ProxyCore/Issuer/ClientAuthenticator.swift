/// Finds out whether callers are the clients that they say they are. Belongs to the server's thread.
final class ClientAuthenticator {
    /// A client that has proved who it is.
    struct Outcome {
        let client: RegisteredClient
        let method: AuthenticationMethod
        /// Of the certificate by which it did, in base64url; nil for another way.
        let certificate: String?
    }

    private let clients: ClientRegistry
    private let guesses: GuessGuard
    private let used: ExpiringJournal
    private let assertionAudiences: [String]
    /// Stands in for clients that do not exist, so that finding out costs a stranger what a wrong secret costs.
    private let nobody = [ClientSecret(hashing: ClientSecret.generate())]

    /// - Parameters:
    ///   - used: where assertions that have been used are remembered.
    ///   - assertionAudiences: what an assertion may name as this server.
    init(clients: ClientRegistry, guesses: GuessGuard, used: ExpiringJournal, assertionAudiences: [String]) {
        self.clients = clients
        self.guesses = guesses
        self.used = used
        self.assertionAudiences = assertionAudiences
    }

    /// The client that makes `call`. `record` learns its name as far as it is known.
    func authenticate(
        _ call: IssuerCall, _ parameters: TokenRequestParameters, _ record: inout AuditRecord
    ) throws(TokenRequestError) -> Outcome {
        let credentials = try ClientCredentials(call, parameters)
        let entry = clients.entry(credentials.id)
        guard clients.isKnown else { throw .clientsUnreadable }
        // A name that nobody has may be a secret that stands in the wrong place.
        record.client = entry?.client.id
        if let seconds = guesses.wait(for: credentials.id, from: call.peer, at: call.now) {
            throw .tooManyAttempts(retryAfter: seconds)
        }
        var use: ClientAssertion.Use?
        let outcome: Outcome
        do throws(ClientAuthenticationFailure) {
            outcome = try check(credentials, entry, call, &use)
        } catch {
            guesses.failed(credentials.id, from: call.peer, at: call.now)
            throw .invalidClient(error)
        }
        guesses.succeeded(credentials.id, from: call.peer, at: call.now)
        record.method = outcome.method
        if let use { try remember(use, of: outcome.client, at: call.now) }
        return outcome
    }

    /// An assertion that cannot be remembered could be used again.
    private func remember(
        _ use: ClientAssertion.Use, of client: RegisteredClient, at now: UnixTime
    ) throws(TokenRequestError) {
        do throws(ExpiringJournal.Failure) {
            try used.insert(use.key, of: client.id, until: use.end, at: now)
        } catch {
            throw .unavailable
        }
    }

    private func check(
        _ credentials: ClientCredentials, _ entry: ClientRegistry.Entry?, _ call: IssuerCall,
        _ use: inout ClientAssertion.Use?
    ) throws(ClientAuthenticationFailure) -> Outcome {
        switch credentials.proof {
        case .secret(let secret, let method):
            let live = entry.map { $0.client.secrets.filter { $0.isLive(at: call.now) } } ?? []
            let isRight = Self.matches(secret, live.isEmpty ? nobody : live)
            guard let entry else { throw .unknownClient }
            guard isRight, !live.isEmpty else { throw .wrongSecret }
            return Outcome(client: entry.client, method: method, certificate: nil)
        case .assertion(let assertion):
            guard let entry else { throw .unknownClient }
            guard let keys = entry.keys else { throw .wrongSignature }
            let found = try assertion.verify(with: keys, audiences: assertionAudiences, at: call.now)
            guard !used.contains(found.key, at: call.now) else { throw .assertionReplayed }
            use = found
            return Outcome(client: entry.client, method: .privateKey, certificate: nil)
        case .certificate(let shown):
            guard let entry else { throw .unknownClient }
            guard let expected = entry.client.certificate, expected.accepts(shown) else { throw .wrongCertificate }
            let method: AuthenticationMethod =
                switch expected {
                case .subject: .certificate
                case .thumbprint: .selfSigned
                }
            return Outcome(client: entry.client, method: method, certificate: shown.thumbprint)
        }
    }

    /// Looks at all of them, whichever is right.
    private static func matches(_ secret: String, _ secrets: [ClientSecret]) -> Bool {
        secrets.reduce(false) { found, candidate in candidate.matches(secret) || found }
    }
}
