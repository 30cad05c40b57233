/// Reads `token` of a target: who asks whom for which token.
struct TokenClientReader {
    let object: ConfigurationObject

    func read() -> TokenClient? {
        let isInsecureAllowed = object["allow_insecure"]?.bool() ?? false
        let endpoint = readEndpoint(isInsecureAllowed)
        let id = object.required("client_id", "missing: the name by which the authorization server knows the client")
            .flatMap(readID)
        let proof = readProof()
        let access = readAccess(endpoint)
        let scopes = object["scope"].map(readScope) ?? []
        let resources = object["resource"].map(readResources) ?? []
        let audience = object["audience"]?.text()
        let timeout = object["fetch_timeout_seconds"]?.seconds(in: 0.1...300)
        let assumed = object["default_lifetime_seconds"]?.seconds(in: 1...86_400)
        guard let endpoint, let id, let proof, let access, let scopes, let resources else { return nil }
        checkCertificate(endpoint, proof)
        var client = TokenClient(endpoint: endpoint, id: id, proof: proof, access: access)
        client.audience = audience
        client.scopes = scopes
        client.resources = resources
        if let timeout { client.fetchTimeout = timeout }
        if let assumed { client.assumedLifetime = assumed }
        return client
    }

    // MARK: - Whom to ask

    private func readEndpoint(_ isInsecureAllowed: Bool) -> TokenClient.Endpoint? {
        switch (object["token_endpoint"], object["issuer"]) {
        case (let address?, nil): return readAddress(address, isInsecureAllowed).map { .address($0) }
        case (nil, let issuer?): return readIssuer(issuer, isInsecureAllowed).map { .discovery($0) }
        case (.some, .some):
            object.report(key: "issuer", "contradicts token_endpoint: the one is found by the other")
        case (nil, nil):
            object.reportMissing("token_endpoint", "missing: where tokens are given, or the issuer to discover it from")
        }
        return nil
    }

    private func readAddress(_ value: ConfigurationValue, _ isInsecureAllowed: Bool) -> KeyLocation? {
        guard let text = value.text() else { return nil }
        do throws(KeyLocation.Problem) {
            let location = try KeyLocation(text)
            if location.isProtected || isInsecureAllowed { return location }
            value.report(
                "http:// leads beyond loopback, where anyone on the way can read the credentials; "
                    + "use https://, or if that is what you want, set allow_insecure")
        } catch {
            value.report("\(error.message)")
        }
        return nil
    }

    private func readIssuer(_ value: ConfigurationValue, _ isInsecureAllowed: Bool) -> KeyDiscovery? {
        guard let text = value.text() else { return nil }
        do throws(KeyDiscovery.Problem) {
            return try KeyDiscovery(issuer: text, allowsInsecure: isInsecureAllowed)
        } catch {
            value.report("\(error.message): the token endpoint cannot be discovered from it, so name token_endpoint")
            return nil
        }
    }

    /// Nil for a `ca_file` that is not usable.
    private func readAccess(_ endpoint: TokenClient.Endpoint?) -> KeyAccess? {
        let source = object.source
        var access = KeyAccess(proxies: source.proxies, userAgent: "scopeproxy/\(Version.current)")
        guard let value = object["ca_file"] else { return access }
        if case .address(let location) = endpoint, location.scheme == .http {
            object.report(key: "ca_file", "does nothing for a token_endpoint with http://, which shows no certificate")
            return nil
        }
        // It is read again for every attempt; here it has to be good for one.
        guard PEMFiles.readTrust(value) != nil, let path = value.text() else { return nil }
        access.caFile = source.resolve(path: path)
        return access
    }

    // MARK: - Who asks

    private func readID(_ value: ConfigurationValue) -> String? {
        guard let text = value.text() else { return nil }
        // RFC 6749 appendix A.1: VSCHAR.
        if text.utf8.count <= 1024, text.utf8.allSatisfy({ $0 >= ASCII.space && $0 < ASCII.delete }) { return text }
        value.report("a client_id is at most 1024 printable ASCII characters")
        return nil
    }

    private func readProof() -> ClientProof? {
        let hasCertificate = object.has("certificate")
        let named = ["client_secret", "private_key"].filter(object.has)
        if object.has("client_secret"), hasCertificate || named.count > 1 {
            object.report(
                key: hasCertificate ? "certificate" : "private_key",
                "contradicts client_secret: a client shows one thing for itself")
            return nil
        }
        refuseIdleKeys(hasCertificate)
        if let value = object["client_secret"] { return readSecret(value) }
        if hasCertificate { return readCertificate() }
        if let value = object["private_key"] { return readPrivateKey(value) }
        object.reportMissing(
            "client_secret", "missing: what the client shows: client_secret, private_key or certificate")
        return nil
    }

    private func refuseIdleKeys(_ hasCertificate: Bool) {
        if object.has("auth_method"), !object.has("client_secret") {
            object.report(key: "auth_method", "says where the client_secret goes, and there is none")
        }
        if object.has("key_id"), hasCertificate || !object.has("private_key") {
            object.report(key: "key_id", "belongs to a private_key that signs, and there is none")
        }
    }

    /// A secret stands in the environment or in a file, so that the configuration can be shown to anybody.
    private func readSecret(_ value: ConfigurationValue) -> ClientProof? {
        guard value.isString else { return value.mismatch("a string") }
        let place: SecretPlace
        switch TextSubstitution.onlyReference(in: value.written) {
        case .environment:
            guard let text = value.text() else { return nil }
            place = .environment(value: text)
        case .file(let path): place = .file(object.source.resolve(file: path))
        case nil:
            value.report(
                "a secret does not belong into this file: name a variable of the environment with \"${NAME}\", "
                    + "or a file that holds it with \"${file:PATH}\"")
            return nil
        }
        let method = object["auth_method"]?.choice([
            "client_secret_basic": ClientProof.secretBasic(place), "client_secret_post": .secretPost(place),
        ])
        if object.has("auth_method"), method == nil { return nil }
        return method ?? .secretBasic(place)
    }

    private func readPrivateKey(_ value: ConfigurationValue) -> ClientProof? {
        let keyID = object["key_id"]?.text()
        guard let path = value.text() else { return nil }
        return .privateKeyJWT(file: object.source.resolve(file: path), keyID: keyID)
    }

    private func readCertificate() -> ClientProof? {
        let key = object.required("private_key", "missing: the private key of the certificate")?.text()
        guard let certificate = object["certificate"]?.text(), let key else { return nil }
        let source = object.source
        return .certificate(file: source.resolve(file: certificate), keyFile: source.resolve(file: key))
    }

    /// Without TLS there is nobody to show a certificate to.
    private func checkCertificate(_ endpoint: TokenClient.Endpoint, _ proof: ClientProof) {
        guard case .certificate = proof, case .address(let location) = endpoint, location.scheme == .http else {
            return
        }
        object.report(key: "certificate", "is shown in TLS only: begin token_endpoint with https://")
    }

    // MARK: - What for

    private func readScope(_ value: ConfigurationValue) -> [String]? {
        guard let text = value.text() else { return nil }
        let names = text.split(separator: " ").map(String.init)
        if names.allSatisfy({ ScopeToken.isValid($0.utf8.span) }), !names.isEmpty { return names }
        value.report("expected scopes with spaces between them, each of printable ASCII characters without \" and \\")
        return nil
    }

    /// RFC 8707 section 2: absolute URIs without a fragment.
    private func readResources(_ value: ConfigurationValue) -> [String]? {
        if value.isString { return value.text().flatMap { Self.readResource(value, $0) }.map { [$0] } }
        return value.list(of: "URIs", Self.readResource)
    }

    private static func readResource(_ value: ConfigurationValue, _ text: String) -> String? {
        if ResourceIndicator.isValid(text) { return text }
        value.report("expected an absolute URI without a fragment, like https://api.example.com/")
        return nil
    }
}
