/// The keys of an issuer, for a command that can wait for them: looked for once.
enum IssuerKeys {
    static func load(_ issuer: IssuerSettings) throws(KeyFetchFailure) -> KeySet {
        let document: [UInt8]
        switch issuer.keys {
        case .inline(let keys): return keys
        case .file(let path):
            var file = KeyFile(path: path)
            document = try file.readIfChanged() ?? []
        case .network(let location):
            document = try fetch(location, timeout: issuer.refresh.fetchTimeout)
        }
        let keys: KeySet
        do throws(KeySetError) { keys = try KeySet.parse(document) } catch { throw .notAKeySet(error) }
        guard !keys.keys.isEmpty else { throw .noUsableKeys(skipped: keys.skipped.count) }
        return keys
    }

    private static func fetch(_ location: KeyLocation, timeout: Interval) throws(KeyFetchFailure) -> [UInt8] {
        let cancel: WakeUp
        do throws(Errno) { cancel = try WakeUp() } catch { throw .connect(error) }
        let fetch = KeyFetch(location, timeout: timeout, userAgent: "\(Command.name)/\(Version.current)")
        return try fetch.run(Patience(until: .never, cancel: cancel)).bytes
    }
}
