/// Reads the document of `issuer.json`.
struct IssuerConfigurationReader {
    private let source: ConfigurationSource

    /// A year, and ten of them, in seconds.
    private static let year = 31_536_000
    private static let tenYears = 10 * year

    init(_ source: ConfigurationSource) { self.source = source }

    /// The configuration; nil, or not to be used, when problems were reported.
    func read() -> IssuerConfiguration? {
        guard let object = source.root.object(.authorizationServer) else { return nil }
        if let schema = object["$schema"], !schema.isString { schema.report("expected a string: the schema's address") }
        let issuer = object.required("issuer", "missing: the URL that is the iss claim of the tokens")
            .flatMap(Self.readIssuer)
        let listen = object.required("listen", "missing: the address and port to accept requests on")
            .flatMap(ListenReader.read)
        let clients = object.required("clients", "missing: the file of clients, which scopeproxy client add makes")?
            .text().map(source.resolve(path:))
        let state = object.required("state_dir", "missing: the folder for keys and records")?
            .text().map(source.resolve(path:))
        // Where something required is missing, the rest is read for the sake of its problems.
        guard let anyIssuer = issuer ?? IssuerURL("https://issuer.invalid") else { return nil }
        var configuration = IssuerConfiguration(
            listen: listen?.address ?? .unix(path: ""), issuer: anyIssuer, clients: clients ?? "",
            stateDirectory: state ?? "")
        configuration.tls = listen?.tls
        configuration.server.hasCertificates = listen?.tls.map { $0.clientCertificates != .none } ?? false
        readTokens(object["tokens"]?.object(.tokens), into: &configuration)
        readSigning(object["signing"]?.object(.signing), into: &configuration)
        readAudit(object["audit"]?.object(.audit), into: &configuration)
        readLimits(object["limits"]?.object(.issuerLimits), into: &configuration)
        readRest(object, into: &configuration)
        return issuer == nil || listen == nil || clients == nil || state == nil ? nil : configuration
    }

    private static func readIssuer(_ value: ConfigurationValue) -> IssuerURL? {
        guard let text = value.text() else { return nil }
        if let issuer = IssuerURL(text) { return issuer }
        value.report(
            "expected an https:// or http:// URL with a host and perhaps a plain path; no query, fragment or user name")
        return nil
    }

    private func readTokens(_ object: ConfigurationObject?, into configuration: inout IssuerConfiguration) {
        guard let object else { return }
        var tokens = configuration.server.tokens
        if let longest = object["max_lifetime_seconds"]?.integer(in: 1...Self.year) {
            tokens.lifetimeMaxSeconds = Int64(longest)
            // What is not set follows what is.
            tokens.lifetimeSeconds = min(tokens.lifetimeSeconds, Int64(longest))
        }
        if let lifetime = object["lifetime_seconds"]?.integer(in: 1...Self.year) {
            tokens.lifetimeSeconds = Int64(lifetime)
            if lifetime > tokens.lifetimeMaxSeconds {
                object["lifetime_seconds"]?.report(
                    "must not exceed max_lifetime_seconds (\(tokens.lifetimeMaxSeconds))")
            }
        }
        if let adds = object["scp"]?.bool() { tokens.addsScopeArray = adds }
        if let adds = object["gty"]?.bool() { tokens.addsGrantType = adds }
        configuration.server.tokens = tokens
    }

    private func readSigning(_ object: ConfigurationObject?, into configuration: inout IssuerConfiguration) {
        configuration.signing.tokenLifetimeMax = configuration.server.tokens.lifetimeMaxSeconds
        guard let object else { return }
        let algorithms: KeyValuePairs<String, SignatureAlgorithm> = [
            "ES256": .es256, "RS256": .rs256, "PS256": .ps256, "EdDSA": .edDSA,
        ]
        if let algorithm = object["algorithm"]?.choice(algorithms) { configuration.signing.algorithm = algorithm }
        if let value = object["rotate_after_seconds"] {
            switch value.limit(in: 2...Self.tenYears) {
            case .inherited: break
            case .replaced(let seconds): configuration.signing.rotateAfterSeconds = seconds.map(Int64.init)
            }
        }
        if let age = object["jwks_max_age_seconds"]?.integer(in: 1...86_400) {
            configuration.signing.maxAgeSeconds = Int64(age)
        }
        if let seconds = object["publish_before_seconds"]?.integer(in: 1...Self.year) {
            configuration.signing.publishBeforeSeconds = Int64(seconds)
        }
        check(configuration.signing, object)
    }

    private func check(_ signing: SigningKeySchedule, _ object: ConfigurationObject) {
        if signing.publishBeforeSeconds <= signing.maxAgeSeconds {
            (object["publish_before_seconds"] ?? object["jwks_max_age_seconds"])?.report(
                "publish_before_seconds (\(signing.publishBeforeSeconds)) must exceed jwks_max_age_seconds "
                    + "(\(signing.maxAgeSeconds)): a key signs when every verifier has had time to fetch it")
        }
        if let rotation = signing.rotateAfterSeconds, rotation <= signing.publishBeforeSeconds {
            (object["rotate_after_seconds"] ?? object["publish_before_seconds"])?.report(
                "rotate_after_seconds (\(rotation)) must exceed publish_before_seconds "
                    + "(\(signing.publishBeforeSeconds))")
        }
    }

    private func readAudit(_ object: ConfigurationObject?, into configuration: inout IssuerConfiguration) {
        guard let object else { return }
        if let path = object["path"]?.text() { configuration.auditPath = source.resolve(path: path) }
        if let isDurable = object["fsync"]?.bool() { configuration.auditIsDurable = isDurable }
    }

    private func readLimits(_ object: ConfigurationObject?, into configuration: inout IssuerConfiguration) {
        guard let object else { return }
        if let count = object["body_bytes"]?.integer(in: 1024...1_048_576) { configuration.service.bodyBytes = count }
        if let count = object["connections"]?.integer(in: 1...100_000) { configuration.service.connections = count }
        switch object["connections_per_address"]?.limit(in: 1...100_000) {
        case .replaced(let count): configuration.service.connectionsPerAddress = count
        case .inherited, nil: break
        }
        var guesses = configuration.server.guesses
        if let count = object["failures_per_client"]?.integer(in: 1...1000) { guesses.failuresPerClient = count }
        if let count = object["failures_per_address"]?.integer(in: 1...100_000) { guesses.failuresPerAddress = count }
        if let count = object["failure_wait_seconds"]?.integer(in: 1...3600) { guesses.waitMaxSeconds = Int64(count) }
        configuration.server.guesses = guesses
        let remembered = 1...2_000_000
        if let count = object["revoked_tokens"]?.integer(in: remembered) { configuration.revokedTokensMax = count }
        if let count = object["used_assertions"]?.integer(in: remembered) { configuration.usedAssertionsMax = count }
    }

    private func readRest(_ object: ConfigurationObject, into configuration: inout IssuerConfiguration) {
        if let timeouts = object["timeouts"]?.object(.issuerTimeouts) {
            let seconds = 0.1...86_400.0
            if let time = timeouts["request_seconds"]?.seconds(in: seconds) {
                configuration.service.requestTimeout = time
                configuration.service.sendTimeout = time
            }
            if let time = timeouts["keep_alive_idle_seconds"]?.seconds(in: seconds) {
                configuration.service.keepAliveIdle = time
            }
            let day = 0...86_400.0
            if let time = timeouts["drain_grace_seconds"]?.seconds(in: day) { configuration.drainGrace = time }
            if let time = timeouts["drain_idle_seconds"]?.seconds(in: day) { configuration.service.drainIdle = time }
            if let time = timeouts["drain_seconds"]?.seconds(in: day) { configuration.drain = time }
        }
        if let proxies = object["trusted_proxies"] {
            configuration.server.callers.trustedProxies = ConfigurationReader.readTrustedProxies(proxies)
        }
        if let log = object["log"]?.object(.issuerLog) {
            if let level = log["level"].flatMap(ConfigurationReader.readLogLevel) { configuration.logLevel = level }
            configuration.logFormat = log["format"].flatMap(ConfigurationReader.readLogFormat)
        }
    }
}
