/// A client of the demo, and the secret that it was given when the demo started.
struct DemoClient: Sendable {
    let id: String
    let secret: String
    private(set) var registration: RegisteredClient

    init(
        id: String, scopes: [String], audiences: [String], tenant: String, algorithm: SignatureAlgorithm = .es256
    ) {
        self.id = id
        secret = ClientSecret.generate()
        var registration = RegisteredClient(
            id: id, secret: ClientSecret(hashing: secret), scopes: scopes, audiences: audiences)
        registration.algorithm = algorithm
        registration.claims = [ClientClaim("tenant", tenant)].compactMap { $0 }
        self.registration = registration
    }

    /// `Authorization` when it shows `secret`: neither part needs to be encoded.
    func basic(_ secret: String) -> [UInt8] {
        let pair = Array("\(id):\(secret)".utf8)
        return Array("Basic ".utf8) + Base64.encode(pair.span)
    }

    fileprivate func withTokens(livingFor seconds: Int64) -> DemoClient {
        var client = self
        client.registration.lifetimeSeconds = seconds
        return client
    }
}

/// Who calls in the demo.
struct DemoClients: Sendable {
    /// A job of the firm's own; it may also call another API.
    let daemon: DemoClient
    /// Another firm, for whose tokens the other algorithm is used.
    let partner: DemoClient
    /// One that calls through its own ScopeProxy. Its tokens are short-lived, so that what changes counts soon.
    let sync: DemoClient
    /// One that shows a certificate instead of a secret.
    let job: RegisteredClient

    static let otherAudience = "https://other.example.com"

    /// - Parameter audience: of the API behind the proxy.
    init(audience: String) {
        daemon = DemoClient(
            id: "billing-daemon", scopes: ["profile:read", "profile:create", "reports:read"],
            audiences: [audience, Self.otherAudience], tenant: "acme")
        partner = DemoClient(
            id: "partner-globex", scopes: ["reports:read"], audiences: [audience], tenant: "globex", algorithm: .rs256)
        sync = DemoClient(
            id: "sync-daemon", scopes: ["profile:read"], audiences: [audience], tenant: "acme"
        ).withTokens(livingFor: 1)
        var job = RegisteredClient(id: "reports-job", scopes: ["profile:read"], audiences: [audience])
        job.algorithm = .es256
        job.certificate = .subject(DemoCertificate.job.subject)
        self.job = job
    }

    var registrations: [RegisteredClient] { [daemon.registration, partner.registration, sync.registration, job] }
}
