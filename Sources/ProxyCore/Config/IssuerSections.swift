extension ConfigurationSection {
    static let authorizationServer = ConfigurationSection(
        name: "the top level",
        keys: [
            "$schema", "issuer", "listen", "clients", "state_dir", "signing", "tokens", "audit", "limits", "timeouts",
            "trusted_proxies", "log",
        ])

    static let signing = ConfigurationSection(
        name: "signing",
        keys: ["algorithm", "rotate_after_seconds", "publish_before_seconds", "jwks_max_age_seconds"])

    static let tokens = ConfigurationSection(
        name: "tokens", keys: ["lifetime_seconds", "max_lifetime_seconds", "scp", "gty"])

    static let audit = ConfigurationSection(name: "audit", keys: ["path", "fsync"])

    static let issuerLimits = ConfigurationSection(
        name: "limits",
        keys: [
            "body_bytes", "connections", "connections_per_address", "failures_per_client", "failures_per_address",
            "failure_wait_seconds", "revoked_tokens", "used_assertions",
        ])

    static let issuerTimeouts = ConfigurationSection(
        name: "timeouts",
        keys: [
            "request_seconds", "keep_alive_idle_seconds", "drain_grace_seconds", "drain_idle_seconds", "drain_seconds",
        ])

    static let issuerLog = ConfigurationSection(name: "log", keys: ["level", "format"])

    /// Of `issuer.json`.
    package static let allOfIssuer = [
        authorizationServer, listen, listenTLS, listenCertificate, signing, tokens, audit, issuerLimits, issuerTimeouts,
        issuerLog,
    ]

    static let clients = ConfigurationSection(name: "the top level", keys: ["clients"])

    static let client = ConfigurationSection(
        name: "a client",
        keys: [
            "id", "enabled", "scopes", "audiences", "lifetime_seconds", "introspect", "claims", "secrets", "jwks",
            "certificate",
        ])

    static let clientSecret = ConfigurationSection(name: "a secret", keys: ["hash", "created", "expires"])

    static let clientCertificate = ConfigurationSection(name: "certificate", keys: ["subject", "thumbprint"])

    /// Of the file of clients.
    static let allOfClients = [clients, client, clientSecret, clientCertificate]

    /// The sections of the file that this one belongs to.
    var siblings: [ConfigurationSection] {
        let files = [Self.allOfIssuer, Self.allOfClients]
        return files.first { $0.contains { $0.name == name && $0.keys == keys } } ?? Self.all
    }
}
