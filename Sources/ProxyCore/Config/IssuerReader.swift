/// Reads `issuers`.
struct IssuerReader {
    static let claimPathRule =
        "expected a claim's name, or names joined by dots for nested ones (a dot in a name is \\.)"

    private let object: ConfigurationObject

    /// The issuers; nil when one of them is not usable.
    static func readAll(_ value: ConfigurationValue) -> [IssuerSettings]? {
        guard let elements = value.elements(of: "issuers") else { return nil }
        var issuers: [IssuerSettings] = []
        var firstByName: [String: Int] = [:]
        for (index, element) in elements.enumerated() {
            guard let object = element.object(.issuer) else { continue }
            guard let issuer = IssuerReader(object: object).read() else { continue }
            if let first = firstByName[issuer.token.issuer] {
                object["issuer"]?.report("the same issuer as issuers[\(first)]: keys and audiences belong to one entry")
            }
            firstByName[issuer.token.issuer] = firstByName[issuer.token.issuer] ?? index
            issuers.append(issuer)
        }
        return issuers.count == elements.count ? issuers : nil
    }

    /// Reports issuers whose tokens would all be refused, since no caller is asked for the certificate that they have
    /// to be bound to.
    static func checkBindings(_ value: ConfigurationValue?, against configuration: Configuration) {
        guard let value, let reason = configuration.reasonAgainstBoundTokens else { return }
        for (element, issuer) in zip(value.json.elements, configuration.issuers) where issuer.bindsAlways {
            guard let binding = element["certificate_binding"] else { continue }
            ConfigurationValue(json: binding, source: value.source).report(
                "refuses every token: \(reason)")
        }
    }

    private func read() -> IssuerSettings? {
        let name = object.required("issuer", "missing: the exact value of the tokens' iss claim")?.text()
        let audiences = object.required("audiences", "missing: a token's aud has to hold one of them")?
            .list(of: "audiences") { $1 }
        let keys = readKeys(of: name)
        let access = readAccess(keys, object.source)
        var token = TokenIssuer(issuer: name ?? "", audiences: audiences ?? [])
        readVerification(into: &token)
        let refresh = object["key_refresh"].map(LimitsReader.readKeyRefresh)
        guard name != nil, audiences != nil, let keys, let access else { return nil }
        var settings = IssuerSettings(token: token, keys: keys, access: access)
        if let refresh { settings.refresh = refresh }
        return settings
    }

    private func readVerification(into token: inout TokenIssuer) {
        if let algorithms = object["algorithms"]?.list(of: "algorithms", Self.readAlgorithm) {
            token.algorithms = SignatureAlgorithmSet(algorithms)
        }
        if let paths = object["scope_claims"]?.list(of: "claims", Self.readClaimPath) { token.scopeClaims = paths }
        if let paths = object["client_id_claims"]?.list(of: "claims", Self.readClaimPath) {
            token.clientIDClaims = paths
        }
        if let skew = object["clock_skew_seconds"]?.integer(in: 0...300) { token.clockSkewSeconds = Int64(skew) }
        if let types = object["token_types"]?.list(of: "types", Self.readTokenType) {
            token.tokenTypes = types.filter { $0 != "none" }
            token.acceptsUntyped = types.contains("none")
        }
        if let binding = object["certificate_binding"].flatMap(Self.readBinding) { token.certificateBinding = binding }
        // Ten years.
        if let lifetime = object["max_token_lifetime_seconds"]?.integer(in: 1...315_360_000) {
            token.maxTokenLifetimeSeconds = Int64(lifetime)
        }
    }

    /// - Parameter name: the issuer; nil when what stands there is no name, which has been reported.
    private func readKeys(of name: String?) -> KeyOrigin? {
        let named = ["jwks_uri", "jwks_file", "jwks"].filter(object.has)
        if named.count > 1 {
            object.report(key: named[1], "contradicts \(named[0]): an issuer has one source of keys")
            return nil
        }
        let isInsecureAllowed = object["allow_insecure"]?.bool() ?? false
        if let value = object["jwks_uri"] { return readURI(value, isInsecureAllowed).map { .network($0) } }
        if let value = object["jwks_file"] {
            return value.text().map { .file(path: value.source.resolve(file: $0)) }
        }
        if let value = object["jwks"] { return readInlineKeys(value) }
        return name.flatMap { discovery(of: $0, isInsecureAllowed) }
    }

    private func discovery(of name: String, _ isInsecureAllowed: Bool) -> KeyOrigin? {
        do throws(KeyDiscovery.Problem) {
            return .discovery(try KeyDiscovery(issuer: name, allowsInsecure: isInsecureAllowed))
        } catch {
            let remedy = error == .insecure ? "; or set allow_insecure, if that is what you want" : ""
            object["issuer"]?.report(
                "\(error.message): keys cannot be discovered from it, "
                    + "so name them with jwks_uri, jwks_file or jwks\(remedy)")
            return nil
        }
    }

    private func readURI(_ value: ConfigurationValue, _ isInsecureAllowed: Bool) -> KeyLocation? {
        guard let text = value.text() else { return nil }
        do throws(KeyLocation.Problem) {
            let location = try KeyLocation(text)
            if location.isProtected || isInsecureAllowed { return location }
            value.report(
                "http:// leads beyond loopback, where anyone on the way can replace the keys; "
                    + "use https://, or if that is what you want, set allow_insecure")
        } catch {
            value.report("\(error.message)")
        }
        return nil
    }

    /// Nil for a `ca_file` that is not usable.
    private func readAccess(_ origin: KeyOrigin?, _ source: ConfigurationSource) -> KeyAccess? {
        var access = KeyAccess(proxies: source.proxies, userAgent: "scopeproxy/\(Version.current)")
        guard let value = object["ca_file"] else { return access }
        if let reason = Self.reasonAgainstAuthorities(origin) {
            object.report(key: "ca_file", reason)
            return nil
        }
        // It is read again for every fetch; here it has to be good for one.
        guard PEMFiles.readTrust(value) != nil, let path = value.text() else { return nil }
        access.caFile = source.resolve(path: path)
        return access
    }

    private static func reasonAgainstAuthorities(_ origin: KeyOrigin?) -> String? {
        switch origin {
        case .file: "does nothing beside jwks_file: no server is asked for keys"
        case .inline: "does nothing beside jwks: no server is asked for keys"
        case .network(let location) where location.scheme == .http:
            "does nothing for a jwks_uri with http://, which shows no certificate"
        case .network, .discovery, nil: nil
        }
    }

    private func readInlineKeys(_ value: ConfigurationValue) -> KeyOrigin? {
        guard value.json.kind == .object else { return value.mismatch("a JWK set: {\"keys\": [...]}") }
        let bytes = Array(value.source.document.bytes[value.json.range.range])
        do throws(KeySetError) {
            let keys = try KeySet.parse(bytes)
            if !keys.keys.isEmpty { return .inline(keys) }
            value.report("holds no usable key")
        } catch {
            // Duplicate members have been reported with the whole document's.
            if case .notJSON(let cause) = error, cause.kind == .duplicateMember { return nil }
            value.report("not usable: \(error.description)")
        }
        return nil
    }

    private static func readAlgorithm(_ value: ConfigurationValue, _ text: String) -> SignatureAlgorithm? {
        let name = text
        if let algorithm = SignatureAlgorithm(name: name.utf8.span) { return algorithm }
        let names = SignatureAlgorithm.allCases.map { "\($0.name)" }
        let folded = text.lowercased()
        if folded == "none" {
            value.report("is refused: a token without a signature proves nothing")
        } else if ["hs256", "hs384", "hs512"].contains(folded) {
            value.report("is refused: whoever can check such a signature can make one; use an asymmetric algorithm")
        } else {
            let known = names.joined(separator: ", ")
            value.report("must be one of \(known)", suggestion: EditDistance.nearest(to: text, among: names))
        }
        return nil
    }

    private static func readBinding(_ value: ConfigurationValue) -> CertificateBinding? {
        value.choice(["optional": .optional, "required": .required, "ignore": .ignored])
    }

    private static func readClaimPath(_ value: ConfigurationValue, _ text: String) -> ClaimPath? {
        if let path = ClaimPath(dotted: text) { return path }
        value.report(claimPathRule)
        return nil
    }

    private static func readTokenType(_ value: ConfigurationValue, _ text: String) -> String? {
        let isMediaType = text.utf8.allSatisfy { ASCII.isTokenCharacter($0) || $0 == ASCII.slash }
        if isMediaType { return text.lowercased() }
        value.report("expected a media type like at+jwt, or none for tokens without typ")
        return nil
    }
}
