/// The files that an authorization server reads again while it runs, and what the log tells of them.
struct IssuerFiles {
    let log: LogWriter

    /// The file of clients; without it there are none.
    func clients(_ configuration: IssuerConfiguration) -> ChangingFile<[RegisteredClient]> {
        let path = configuration.clients
        let telling = ClientsTelling(
            log: log, path: path, lifetimeMax: configuration.server.tokens.lifetimeMaxSeconds)
        return ChangingFile(
            identity: { () throws(Errno) in try FileIdentity(of: path) }, contentWhenGone: [],
            read: { () throws(FileProblems) in try ClientsReader.reload(path) }, tell: telling.tell)
    }

    /// The signing keys, at least one; without their folder, those that were there.
    func keys(_ store: SigningKeyStore) -> ChangingFile<[SigningKey]> {
        let telling = SigningKeysTelling(log: log, path: store.path)
        return ChangingFile(
            identity: store.identity, contentWhenGone: nil,
            read: { () throws(FileProblems) in
                let keys: [SigningKeyFile]
                do throws(SigningKeyStore.Failure) { keys = try store.keys() } catch {
                    throw FileProblems([error.message])
                }
                guard !keys.isEmpty else { throw FileProblems(["\(store.path): there is no signing key"]) }
                return keys.map(\.signingKey)
            },
            tell: telling.tell)
    }
}

/// Tells of clients, but not of a file that says what it said before.
private final class ClientsTelling {
    private let log: LogWriter
    private let path: String
    private let lifetimeMax: Int64
    private var told: [RegisteredClient]?

    init(log: LogWriter, path: String, lifetimeMax: Int64) {
        self.log = log
        self.path = path
        self.lifetimeMax = lifetimeMax
    }

    func tell(_ news: ChangingFile<[RegisteredClient]>.News) {
        switch news {
        case .read(let clients):
            guard clients != told else { return }
            told = clients
            log.log(.info, "clients_loaded") { $0.field("clients", clients.count) }
            for client in clients where (client.lifetimeSeconds ?? 0) > lifetimeMax {
                log.log(.warn, "client_lifetime_cut") { line in
                    line.field("client", client.id)
                    line.field("max_lifetime_seconds", Int(lifetimeMax))
                }
            }
        case .unusable(let problems):
            told = nil
            for problem in problems {
                log.log(.error, "clients_not_loaded") { line in
                    line.field("path", path)
                    line.field("error", problem)
                }
            }
        case .missing(let stays):
            told = nil
            log.log(.warn, "clients_missing") { line in
                line.field("path", path)
                if let stays {
                    line.field("forgotten_in_seconds", Int(stays.seconds))
                } else {
                    line.field("hint", "there are no clients now; scopeproxy client add makes one")
                }
            }
        }
    }
}

/// Tells of signing keys, but not of a folder that holds what it held before.
private final class SigningKeysTelling {
    private let log: LogWriter
    private let path: String
    private var told: [String] = []

    init(log: LogWriter, path: String) {
        self.log = log
        self.path = path
    }

    func tell(_ news: ChangingFile<[SigningKey]>.News) {
        switch news {
        case .read(let keys):
            let names = keys.map(\.keyID)
            guard names != told else { return }
            told = names
            log.log(.info, "signing_keys_loaded") { $0.field("keys", keys.count) }
        case .unusable(let problems):
            told = []
            for problem in problems {
                log.log(.error, "signing_keys_not_loaded") { line in
                    line.field("path", path)
                    line.field("error", problem)
                }
            }
        case .missing:
            told = []
            log.log(.error, "signing_keys_missing") { line in
                line.field("path", path)
                line.field("hint", "the keys that were there go on signing until the server ends")
            }
        }
    }
}
