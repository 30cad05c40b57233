/// A client of the demo, and the secret that it was given when the demo started.
struct DemoClient: Sendable {
    let id: String
    let secret: String
    let registration: RegisteredClient

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
}

/// Who calls in the demo.
struct DemoClients: Sendable {
    /// A job of the firm's own; it may also call another API.
    let daemon: DemoClient
    /// Another firm, for whose tokens the other algorithm is used.
    let partner: DemoClient

    static let otherAudience = "https://other.example.com"

    /// - Parameter audience: of the API behind the proxy.
    init(audience: String) {
        daemon = DemoClient(
            id: "billing-daemon", scopes: ["profile:read", "profile:create", "reports:read"],
            audiences: [audience, Self.otherAudience], tenant: "acme")
        partner = DemoClient(
            id: "partner-globex", scopes: ["reports:read"], audiences: [audience], tenant: "globex", algorithm: .rs256)
    }

    var registrations: [RegisteredClient] { [daemon.registration, partner.registration] }
}
