/// The keys of one kind of object in the file.
///
/// Everything else is an error, so a key that does nothing never looks as if it did.
package struct ConfigurationSection: Sendable {
    /// In words, as in "it belongs to an issuer".
    package let name: String
    package let keys: [String]

    static let document = ConfigurationSection(
        name: "the top level",
        keys: [
            "$schema", "listen", "upstream", "issuers", "routes", "mode", "identity_headers", "forward_token",
            "trusted_proxies", "limits", "timeouts", "workers", "admin", "log", "realm", "state_dir", "egress",
            "reuse_port",
        ])

    static let listen = ConfigurationSection(name: "listen", keys: ["address", "tls"])

    static let listenTLS = ConfigurationSection(
        name: "listen.tls", keys: ["certificate", "private_key", "certificates", "client_ca", "client_certificates"])

    static let listenCertificate = ConfigurationSection(
        name: "listen.tls.certificates", keys: ["certificate", "private_key"])

    static let upstream = ConfigurationSection(
        name: "upstream", keys: ["url", "tls", "set_headers", "host_header", "max_connections"])

    static let upstreamTLS = ConfigurationSection(
        name: "upstream.tls", keys: ["ca_file", "server_name", "certificate", "private_key"])

    static let issuer = ConfigurationSection(
        name: "an issuer",
        keys: [
            "issuer", "audiences", "jwks_uri", "jwks_file", "jwks", "allow_insecure", "algorithms", "scope_claims",
            "client_id_claims", "clock_skew_seconds", "token_types", "max_token_lifetime_seconds", "key_refresh",
            "certificate_binding", "ca_file",
        ])

    static let keyRefresh = ConfigurationSection(
        name: "key_refresh",
        keys: [
            "default_seconds", "min_seconds", "max_seconds", "cooldown_seconds", "fetch_timeout_seconds",
            "wait_seconds", "stale_seconds",
        ])

    static let route = ConfigurationSection(
        name: "a route",
        keys: [
            "id", "path", "methods", "scopes", "any_scope", "authenticated", "public", "claims", "mode", "limits",
            "timeouts", "allow_encoded_slash", "cut_at_expiry",
        ])

    static let identityHeaders = ConfigurationSection(name: "identity_headers", keys: ["prefix", "claims"])

    static let limits = ConfigurationSection(
        name: "limits",
        keys: [
            "head_bytes", "fields", "target_bytes", "token_bytes", "body_bytes", "body_bytes_per_second", "connections",
            "connections_per_address", "token_cache_entries", "parked_requests",
        ])

    static let routeLimits = ConfigurationSection(name: "a route's limits", keys: ["body_bytes"])

    static let timeouts = ConfigurationSection(
        name: "timeouts",
        keys: [
            "tls_handshake_seconds", "request_head_seconds", "request_body_idle_seconds", "keep_alive_idle_seconds",
            "keep_alive_min_seconds", "upstream_connect_seconds", "upstream_first_byte_seconds",
            "upstream_idle_seconds", "tunnel_idle_seconds", "drain_grace_seconds", "drain_idle_seconds",
            "drain_seconds",
        ])

    static let routeTimeouts = ConfigurationSection(
        name: "a route's timeouts",
        keys: ["upstream_first_byte_seconds", "upstream_idle_seconds", "tunnel_idle_seconds"])

    static let log = ConfigurationSection(name: "log", keys: ["level", "format", "when_full", "sample"])

    static let egress = ConfigurationSection(
        name: "egress", keys: ["listen", "allow_remote", "max_connections", "targets"])

    static let egressTarget = ConfigurationSection(
        name: "a target of egress",
        keys: ["id", "host", "path_prefix", "upstream", "token", "wait_seconds", "allow_insecure"])

    static let egressToken = ConfigurationSection(
        name: "a target's token",
        keys: [
            "token_endpoint", "issuer", "client_id", "client_secret", "auth_method", "private_key", "key_id",
            "certificate", "audience", "scope", "resource", "ca_file", "allow_insecure", "fetch_timeout_seconds",
            "default_lifetime_seconds",
        ])

    package static let all = [
        document, listen, listenTLS, listenCertificate, upstream, upstreamTLS, issuer, keyRefresh, route,
        identityHeaders, limits, routeLimits, timeouts, routeTimeouts, log, egress, egressTarget, egressToken,
    ]

    /// Why a key that is none of `keys` is refused, and which one it was probably meant to be.
    func refusal(of key: String) -> (message: String, suggestion: String?) {
        let homes = siblings.filter { $0.keys.contains(key) }.map(\.name)
        // What is nearly a key of this object was meant to be that, whatever other objects have.
        if let neighbour = EditDistance.neighbour(of: key, among: keys) { return ("unknown key", neighbour) }
        if homes.isEmpty { return ("unknown key", EditDistance.nearest(to: key, among: keys)) }
        return ("not a key of \(name); it belongs to \(homes.joined(separator: " or "))", nil)
    }
}
