/// Reads `upstream`: an address, or an object.
enum UpstreamReader {
    static func read(_ value: ConfigurationValue) -> UpstreamSettings? {
        if value.json.kind != .object {
            guard value.isString else { return value.mismatch("an address or an object") }
            return readAddress(value).flatMap { make($0, url: value, tls: nil) }
        }
        guard let object = value.object(.upstream) else { return nil }
        let url = object.required("url", "missing: the address of the application")
        let read = url.flatMap { url in
            readAddress(url).flatMap { make($0, url: url, tls: object["tls"]) }
        }
        var settings = read ?? UpstreamSettings(address: .unix(path: ""))
        if let host = object["host_header"], let choice = readHostHeader(host) { settings.hostHeader = choice }
        if let headers = object["set_headers"] { settings.setHeaders = readSetHeaders(headers) }
        if let connections = object["max_connections"]?.integer(in: 1...65_535) {
            settings.maxConnections = connections
        }
        return read == nil ? nil : settings
    }

    private static func make(
        _ read: (address: UpstreamAddress, isSecure: Bool), url: ConfigurationValue, tls: ConfigurationValue?
    ) -> UpstreamSettings? {
        var settings = UpstreamSettings(address: read.address)
        guard case .tcp(let host, _) = read.address, read.isSecure else {
            tls?.report("belongs to an upstream that is reached by TLS: begin its url with https://")
            return tls == nil ? settings : nil
        }
        guard let read = UpstreamTLSReader.read(tls, url: url, host: host) else { return nil }
        settings.tls = read.context
        settings.tlsOrigin = read.origin
        return settings
    }

    private static func readHostHeader(_ value: ConfigurationValue) -> UpstreamSettings.HostHeader? {
        value.choice(["preserve": .preserve, "upstream": .upstream])
    }

    private static func readAddress(_ value: ConfigurationValue) -> (address: UpstreamAddress, isSecure: Bool)? {
        guard let text = value.text() else { return nil }
        if text.utf8.starts(with: "unix:".utf8) {
            return readUnixPath(value, String(text.dropFirst(5))).map { (address: $0, isSecure: false) }
        }
        let folded = text.lowercased()
        let isSecure = folded.utf8.starts(with: "https://".utf8)
        guard isSecure || folded.utf8.starts(with: "http://".utf8) else {
            value.report("expected http://host:port, https://host:port or unix:/path")
            return nil
        }
        var authority = text.dropFirst(isSecure ? 8 : 7)
        if authority.utf8.last == ASCII.slash { authority = authority.dropLast() }
        if authority.utf8.contains(where: { $0 == ASCII.slash || $0 == ASCII.question || $0 == ASCII.hash }) {
            value.report("must end after the port: requests keep the path that they came with")
            return nil
        }
        guard let parts = AddressText(authority), parts.port != 0 else {
            value.report("expected http://host:port, like http://127.0.0.1:9000 or http://[::1]:9000")
            return nil
        }
        return (.tcp(host: parts.host, port: parts.port ?? (isSecure ? 443 : 80)), isSecure)
    }

    private static func readUnixPath(_ value: ConfigurationValue, _ path: String) -> UpstreamAddress? {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            value.report("expected a path after unix:")
            return nil
        }
        let path = value.source.resolve(path: path)
        guard path.utf8.count <= SocketAddress.unixPathBytesMax else {
            value.report("the path is longer than the system's \(SocketAddress.unixPathBytesMax) bytes for a socket")
            return nil
        }
        return .unix(path: path)
    }

    private static func readSetHeaders(_ value: ConfigurationValue) -> [UpstreamSettings.Field] {
        guard let entries = value.entries(of: "header names and values") else { return [] }
        var names: Set<String> = []
        var fields: [UpstreamSettings.Field] = []
        for (key, value) in entries {
            let name = key.written
            if let problem = HeaderRules.problem(settingOnUpstream: name) {
                key.report(problem)
            } else if !names.insert(HeaderRules.folded(name)).inserted {
                key.report("the same header as one before, for some upstreams")
            }
            guard let text = value.possiblyEmptyText() else { continue }
            if let problem = HeaderRules.problem(withValue: text) { value.report(problem) }
            fields.append(UpstreamSettings.Field(name: name, value: text))
        }
        return fields
    }
}
