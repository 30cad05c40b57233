/// Reads `egress`.
struct EgressReader {
    private let object: ConfigurationObject

    static func read(_ value: ConfigurationValue) -> EgressSettings? {
        value.object(.egress).flatMap { EgressReader(object: $0).read() }
    }

    private func read() -> EgressSettings? {
        let allowsRemote = object["allow_remote"]?.bool() ?? false
        let listen = object.required("listen", "missing: the address and port to take the service's calls on")
            .flatMap { readListen($0, allowsRemote) }
        let targets = object.required("targets", "missing: where calls go, and whose tokens they carry")
            .flatMap(Self.readTargets)
        let connections = object["max_connections"]?.integer(in: 1...65_535)
        guard let listen, let targets else { return nil }
        var settings = EgressSettings(listen: listen, targets: targets)
        settings.allowsRemote = allowsRemote
        if let connections { settings.maxConnections = connections }
        return settings
    }

    private func readListen(_ value: ConfigurationValue, _ allowsRemote: Bool) -> SocketAddress? {
        guard let address = ListenReader.readAddress(value) else { return nil }
        if allowsRemote || address.ipAddress?.isLoopback == true { return address }
        value.report(
            "lets other machines call with this service's tokens: listen on 127.0.0.1 or [::1], "
                + "or if that is what you want, set allow_remote")
        return nil
    }

    private static func readTargets(_ value: ConfigurationValue) -> [EgressSettings.Target]? {
        guard let elements = value.elements(of: "targets") else { return nil }
        var targets: [EgressSettings.Target] = []
        for (index, element) in elements.enumerated() {
            guard let object = element.object(.egressTarget) else { continue }
            guard let target = EgressTargetReader(object: object).read() else { continue }
            if let first = targets.firstIndex(where: { $0.call.match == target.call.match }) {
                element.report("matches the same calls as targets[\(first)]")
            } else if let first = targets.firstIndex(where: { $0.call.id == target.call.id }) {
                (object["id"] ?? element).report("the same id as that of targets[\(first)]: give it one of its own")
            }
            if targets.count == index { targets.append(target) }
        }
        return targets.count == elements.count ? targets : nil
    }
}

/// Reads one of `egress.targets`.
struct EgressTargetReader {
    let object: ConfigurationObject

    func read() -> EgressSettings.Target? {
        let match = readMatch()
        let isInsecureAllowed = object["allow_insecure"]?.bool() ?? false
        var upstream = object.required("upstream", "missing: the address of the target")
            .flatMap { readUpstream($0, isInsecureAllowed) }
        // By a path prefix the service calls this machine, a name that means nothing to the target.
        if case .pathPrefix = match, object["upstream"]?.json["host_header"] == nil { upstream?.hostHeader = .upstream }
        let client = object.required("token", "missing: where tokens for the target come from")
            .flatMap { $0.object(.egressToken) }.flatMap { TokenClientReader(object: $0).read() }
        let wait = object["wait_seconds"]?.seconds(in: 0...300)
        let id = object["id"].flatMap(RouteReader.readID)
        guard let match, let upstream, let client else { return nil }
        var call = OutgoingTarget(id: id ?? Self.defaultID(match), match: match, client: client)
        if let wait { call.wait = wait }
        return EgressSettings.Target(call: call, upstream: upstream)
    }

    private static func defaultID(_ match: OutgoingTarget.Match) -> String {
        switch match {
        case .host(let name, let port): port.map { "\(name):\($0)" } ?? name
        case .pathPrefix(let prefix): prefix.isEmpty ? "/" : prefix
        }
    }

    private func readMatch() -> OutgoingTarget.Match? {
        switch (object["host"], object["path_prefix"]) {
        case (let host?, nil): return readHost(host)
        case (nil, let prefix?): return readPrefix(prefix)
        case (.some, .some):
            object.report(key: "path_prefix", "contradicts host: a target is told by one of them")
        case (nil, nil): object.reportMissing("host", "missing: how calls for the target are told: host or path_prefix")
        }
        return nil
    }

    private func readHost(_ value: ConfigurationValue) -> OutgoingTarget.Match? {
        guard let text = value.text() else { return nil }
        if let parts = AddressText(text), parts.port != 0 { return .host(parts.host, port: parts.port) }
        value.report("expected a host as calls name it, like api.example.com, with or without a port")
        return nil
    }

    private func readPrefix(_ value: ConfigurationValue) -> OutgoingTarget.Match? {
        guard let text = value.text() else { return nil }
        let prefix = text.utf8.last == ASCII.slash ? String(text.dropLast()) : text
        let segments = prefix.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let isPlain = segments.allSatisfy { segment in
            !segment.isEmpty && segment != "." && segment != ".." && segment.utf8.allSatisfy(ASCII.isUnreserved)
        }
        guard text.utf8.first == ASCII.slash, isPlain, text.utf8.count <= 1024 else {
            value.report("expected a path like /orders: whole segments of letters, digits and -._~")
            return nil
        }
        return .pathPrefix(prefix)
    }

    private func readUpstream(_ value: ConfigurationValue, _ isInsecureAllowed: Bool) -> UpstreamSettings? {
        guard let upstream = UpstreamReader.read(value) else { return nil }
        if let headers = value.json["set_headers"] {
            for (key, _) in headers.members where HeaderRules.folded(key.string ?? "") == "authorization" {
                ConfigurationValue(json: key, source: value.source).report("the target's token stands in this header")
            }
        }
        guard case .tcp(let host, _) = upstream.address, upstream.tls == nil else { return upstream }
        if isInsecureAllowed || host == "localhost" || IPAddress(host)?.isLoopback == true { return upstream }
        value.report(
            "http:// leads beyond loopback, where anyone on the way can read the token; "
                + "use https://, or if that is what you want, set allow_insecure")
        return nil
    }
}
