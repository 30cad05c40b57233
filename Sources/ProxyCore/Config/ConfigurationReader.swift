/// Reads the document's top level, and what concerns several of its parts.
struct ConfigurationReader {
    private let source: ConfigurationSource

    init(_ source: ConfigurationSource) { self.source = source }

    /// The configuration; nil, or not to be used, when problems were reported.
    func read() -> Configuration? {
        guard let object = source.root.object(.document) else { return nil }
        if let schema = object["$schema"], !schema.isString { schema.report("expected a string: the schema's address") }
        let listen = object.required("listen", "missing: the address and port to accept calls on")
            .flatMap(ListenReader.read)
        let upstream = object.required("upstream", "missing: the address of the application")
            .flatMap(UpstreamReader.read)
        let routes = object.required("routes", "missing: what callers may do, and with which scopes")
            .flatMap(RouteReader.readAll)
        let issuers = readIssuers(object, routes)
        // Where something required is missing, the rest is read for the sake of its problems.
        let nowhere = UpstreamSettings(address: .unix(path: ""))
        var configuration = Configuration(
            listen: listen?.address ?? .unix(path: ""), upstream: upstream ?? nowhere, routes: routes ?? [])
        configuration.listenTLS = listen?.tls
        configuration.issuers = issuers ?? []
        readRest(object, into: &configuration)
        HeaderRules.checkSetHeaders(object["upstream"], against: configuration)
        if listen != nil, upstream != nil { checkLoops(object, configuration) }
        if listen != nil { IssuerReader.checkBindings(object["issuers"], against: configuration) }
        return listen == nil || upstream == nil || routes == nil || issuers == nil ? nil : configuration
    }

    private func readRest(_ object: ConfigurationObject, into configuration: inout Configuration) {
        if let headers = object["identity_headers"].flatMap(IdentityHeadersReader.read) {
            configuration.identityHeaders = headers
        }
        if let mode = object["mode"].flatMap(RouteReader.readMode) { configuration.mode = mode }
        if let forwards = object["forward_token"]?.bool() { configuration.forwardsToken = forwards }
        if let proxies = object["trusted_proxies"] { configuration.trustedProxies = Self.readTrustedProxies(proxies) }
        if let limits = object["limits"] { configuration.limits = LimitsReader.readLimits(limits) }
        if let timeouts = object["timeouts"] { configuration.timeouts = LimitsReader.readTimeouts(timeouts) }
        configuration.admin = readAdmin(object, listen: configuration.listen)
        configuration.egress = object["egress"].flatMap(EgressReader.read)
        checkEgressAddress(object, configuration)
        if let reuses = object["reuse_port"]?.bool() { configuration.reusesPort = reuses }
        configuration.workers = object["workers"]?.integer(in: 1...256)
        if let log = object["log"]?.object(.log) {
            readLog(log, into: &configuration)
        }
        if let realm = object["realm"].flatMap(readRealm) { configuration.realm = realm }
        configuration.stateDirectory = object["state_dir"]?.text().map(source.resolve(path:))
    }

    /// The issuers, or nil when one of them is not readable or they are missing and needed.
    private func readIssuers(_ object: ConfigurationObject, _ routes: [RouteDefinition]?) -> [IssuerSettings]? {
        if let value = object["issuers"] { return IssuerReader.readAll(value) }
        let needsToken = routes?.contains { $0.requirement != .public } ?? false
        if needsToken {
            object.reportMissing("issuers", "missing: whose tokens are accepted (needed, as not all routes are public)")
            return nil
        }
        return []
    }

    private func readAdmin(_ object: ConfigurationObject, listen: SocketAddress) -> SocketAddress? {
        guard let value = object["admin"], let address = ListenReader.readAddress(value) else { return nil }
        if address == listen, address.port != 0 {
            value.report("is the address of listen, too: the admin listener needs one of its own")
        }
        return address
    }

    private func checkEgressAddress(_ object: ConfigurationObject, _ configuration: Configuration) {
        guard let address = configuration.egress?.listen, address.port != 0 else { return }
        guard address == configuration.listen || address == configuration.admin else { return }
        object["egress"]?.report("listens on an address that is taken by listen or admin: it needs one of its own")
    }

    private func checkLoops(_ object: ConfigurationObject, _ configuration: Configuration) {
        if configuration.upstream.address.leads(to: configuration.listen) {
            object["upstream"]?.report("is the address of listen: the proxy would call itself, again and again")
        }
        guard let egress = configuration.egress,
            let target = egress.targets.first(where: { $0.upstream.address.leads(to: egress.listen) })
        else { return }
        object["egress"]?.report(
            "the upstream of the target \(target.call.id) is the address of egress.listen: it would call itself")
    }

    static func readTrustedProxies(_ value: ConfigurationValue) -> [CIDR] {
        let blocks = value.list(of: "addresses") { element, text -> CIDR? in
            if let block = CIDR(text) { return block }
            element.report("expected an address or a block of them, like 10.0.0.0/8 or 2001:db8::/32")
            return nil
        }
        return blocks ?? []
    }

    private func readLog(_ log: ConfigurationObject, into configuration: inout Configuration) {
        if let level = log["level"].flatMap(Self.readLogLevel) { configuration.logLevel = level }
        configuration.logFormat = log["format"].flatMap(Self.readLogFormat)
        if let whenFull = log["when_full"]?.choice(["drop": LogWriter.WhenFull.drop, "block": .block]) {
            configuration.logWhenFull = whenFull
        }
        if let sample = log["sample"]?.share() { configuration.logSample = sample }
    }

    static func readLogFormat(_ value: ConfigurationValue) -> LogFormat? {
        value.choice(["json": .json, "text": .text])
    }

    static func readLogLevel(_ value: ConfigurationValue) -> LogLevel? {
        value.choice(["error": .error, "warn": .warn, "info": .info, "debug": .debug])
    }

    private func readRealm(_ value: ConfigurationValue) -> String? {
        guard let text = value.text() else { return nil }
        let isPlain = text.utf8.allSatisfy {
            $0 >= ASCII.space && $0 < ASCII.delete && $0 != ASCII.quote && $0 != ASCII.backslash
        }
        guard isPlain, text.utf8.count <= 128 else {
            value.report("must be at most 128 printable ASCII characters, without \" and \\")
            return nil
        }
        return text
    }
}
