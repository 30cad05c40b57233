/// The keys of an issuer, for a command that can wait for them: looked for once.
enum IssuerKeys {
    static func load(_ issuer: IssuerSettings) throws(KeyFetchFailure) -> KeySet {
        let document: [UInt8]
        switch issuer.keys {
        case .inline(let keys): return keys
        case .file(let path):
            var file = KeyFile(path: path)
            document = try file.readIfChanged() ?? []
        case .network(let location): document = try fetch(.keys(location), issuer)
        case .discovery(let discovery): document = try fetch(.discovery(discovery), issuer)
        }
        let keys: KeySet
        do throws(KeySetError) { keys = try KeySet.parse(document) } catch { throw .notAKeySet(error) }
        guard !keys.keys.isEmpty else { throw .noUsableKeys(skipped: keys.skipped.count) }
        return keys
    }

    /// Looks at all that getting the keys takes and that is on this machine. Asks nobody.
    static func prepare(_ issuer: IssuerSettings) throws(KeyFetchFailure) {
        let first: KeyLocation
        switch issuer.keys {
        case .inline: return
        case .file:
            _ = try load(issuer)
            return
        case .network(let location): first = location
        case .discovery(let discovery): first = discovery.authorizationServerMetadata
        }
        if case .unusable(let variable, let problem) = issuer.access.proxies.route(to: first) {
            throw .proxyUnusable(variable: variable, problem)
        }
    }

    private static func fetch(
        _ start: KeyDownload.Start, _ issuer: IssuerSettings
    ) throws(KeyFetchFailure) -> [UInt8] {
        let cancel: WakeUp
        do throws(Errno) { cancel = try WakeUp() } catch { throw .connect(error) }
        var download = KeyDownload(from: start, issuer.access, KeySchedule(issuer.refresh))
        return try download.run(Patience(until: .never, cancel: cancel)).document.bytes
    }
}
