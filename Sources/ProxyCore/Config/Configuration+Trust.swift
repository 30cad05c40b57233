// What decides whom callers are taken for, beside routes and issuers.

extension Configuration {
    /// The keys, of those that decide whom a caller is taken for and what the application is told of it, whose values
    /// `old` has otherwise. Which values let more through is not weighed.
    package func settingsOfTrust(otherThanIn old: Configuration) -> [String] {
        var keys: [String] = []
        if trustedProxies != old.trustedProxies { keys.append("trusted_proxies") }
        if identityHeaders != old.identityHeaders { keys.append("identity_headers") }
        if forwardsToken != old.forwardsToken { keys.append("forward_token") }
        if listenTLS?.clientCertificates != old.listenTLS?.clientCertificates {
            keys.append("listen.tls.client_certificates")
        }
        if listenTLS?.clientCA != old.listenTLS?.clientCA { keys.append("listen.tls.client_ca") }
        return keys
    }
}
