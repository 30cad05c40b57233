/// Who asks whom for which token: a client of an authorization server, by the client credentials grant (RFC 6749
/// section 4.4).
package struct TokenClient: Sendable, Equatable {
    /// Where tokens are given.
    package enum Endpoint: Sendable, Equatable {
        case address(KeyLocation)
        /// Where the issuer's metadata says (RFC 8414).
        case discovery(KeyDiscovery)
    }

    package var endpoint: Endpoint
    package var id: String
    package var proof: ClientProof
    /// What the token is for, as many servers want to be told; nil to say nothing of it.
    package var audience: String?
    /// The same by RFC 8707: absolute URIs.
    package var resources: [String] = []
    /// Empty for whatever the server gives by itself.
    package var scopes: [String] = []
    package var access: KeyAccess
    /// For one attempt, from the look-up of a name to the last byte, metadata included.
    package var fetchTimeout = Interval.seconds(10)
    /// What a token is taken to live when the server does not say.
    package var assumedLifetime = Interval.seconds(300)

    package init(endpoint: Endpoint, id: String, proof: ClientProof, access: KeyAccess) {
        self.endpoint = endpoint
        self.id = id
        self.proof = proof
        self.access = access
    }

    /// Looks at all that asking for a token takes and that is on this machine. Asks nobody.
    package func prepare() throws(TokenFailure) {
        switch proof {
        case .secretBasic(let place), .secretPost(let place): _ = try place.read()
        case .privateKeyJWT(let file, let keyID):
            _ = try SignedProof.make(client: id, audience: "", file: file, keyID: keyID, now: UnixTime(0))
        case .certificate: _ = try proof.identity()
        }
        let first: KeyLocation
        switch endpoint {
        case .address(let location): first = location
        case .discovery(let issuer): first = issuer.authorizationServerMetadata
        }
        if case .unusable(let variable, let problem) = access.proxies.route(to: first) {
            throw .exchange(.proxyUnusable(variable: variable, problem))
        }
    }
}
