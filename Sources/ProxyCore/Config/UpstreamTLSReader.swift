/// Reads `upstream.tls`, and makes of it what every connection to the upstream is judged by.
enum UpstreamTLSReader {
    /// nil when something in it is not usable.
    ///
    /// - Parameters:
    ///   - value: `tls`, if it is there.
    ///   - url: the upstream's address, which has begun with https://.
    ///   - host: the host of `url`.
    static func read(
        _ value: ConfigurationValue?, url: ConfigurationValue, host: String
    ) -> (context: TLSClientContext, origin: UpstreamSettings.TLSOrigin)? {
        let filesBefore = url.source.files.count
        guard let context = readContext(value, url: url, host: host) else { return nil }
        let files = Array(url.source.files[filesBefore...])
        return (context, UpstreamSettings.TLSOrigin(serverName: context.serverName, files: files))
    }

    private static func readContext(
        _ value: ConfigurationValue?, url: ConfigurationValue, host: String
    ) -> TLSClientContext? {
        guard let value else { return context(.init(host: host), .system, nil, at: url) }
        guard let object = value.object(.upstreamTLS) else { return nil }
        let named = object["server_name"]
        let name = named == nil ? TLSServerName(host: host) : named.flatMap(readServerName)
        let file = object["ca_file"]
        let trust = file == nil ? .system : file.flatMap(PEMFiles.readTrust)
        let identity = PEMFiles.readIdentity(object)
        let lacksIdentity = identity == nil && (object.has("certificate") || object.has("private_key"))
        guard let name, let trust, !lacksIdentity else { return nil }
        return context(name, trust, identity, at: object["certificate"] ?? url)
    }

    private static func readServerName(_ value: ConfigurationValue) -> TLSServerName? {
        guard let text = value.text() else { return nil }
        if let parts = AddressText(text), parts.port == nil { return .init(host: parts.host) }
        if let address = IPAddress(text) { return .address(address) }
        value.report("expected the name that the upstream's certificate is for, or an IP address")
        return nil
    }

    private static func context(
        _ name: TLSServerName, _ trust: TrustStore, _ identity: TLSIdentity?, at value: ConfigurationValue
    ) -> TLSClientContext? {
        do throws(TLSIdentityError) {
            return try TLSClientContext(name, trust: trust, identity: identity)
        } catch {
            value.report("\(error.message)")
            return nil
        }
    }
}

extension TLSServerName {
    /// - Parameter host: as `AddressText` has it.
    fileprivate init(host: String) {
        if let address = IPAddress(host) { self = .address(address) } else { self = .host(host) }
    }
}
