/// Puts an authorization server together from its configuration. Any thread; what it makes belongs to the caller's.
struct IssuerAssembly: Sendable {
    let configuration: IssuerConfiguration
    let log: LogWriter
    let reopening: AuditReopening

    func makeKeyStore() throws(IssuerStartError) -> SigningKeyStore {
        do throws(SigningKeyStore.Failure) {
            return try SigningKeyStore(configuration.keysDirectory, configuration.signing)
        } catch {
            throw .keys(error.message)
        }
    }

    /// The server, with its files open. What is wrong with a file once it runs goes to the log.
    func makeServer(_ store: SigningKeyStore) throws(IssuerStartError) -> AuthorizationServer {
        let now = Clock.unixTime()
        let used = try journal(configuration.assertionsPath, configuration.usedAssertionsMax, now)
        let revoked = try journal(configuration.revokedPath, configuration.revokedTokensMax, now)
        let audit = try makeAudit()
        let files = IssuerFiles(log: log)
        guard let keys = SigningKeyRing(files.keys(store), store.schedule) else {
            throw .keys("\(store.path): there is no usable key")
        }
        let parts = AuthorizationServer.Parts(
            clients: ClientRegistry(files.clients(configuration)), keys: keys, used: used, revoked: revoked,
            audit: audit)
        return AuthorizationServer(configuration.server, parts)
    }

    /// The clients as the file has them; none when there is no file yet.
    func readClients() throws(ConfigurationProblems) -> [RegisteredClient] {
        guard let identity = try? FileIdentity(of: configuration.clients), identity.isRegular else { return [] }
        return try ClientsReader.load(configuration.clients)
    }

    private func makeAudit() throws(IssuerStartError) -> AuditLog {
        do throws(Errno) {
            return try AuditLog(
                configuration.auditPath, isDurable: configuration.auditIsDurable, reopening: reopening)
        } catch {
            throw .file(configuration.auditPath, error)
        }
    }

    private func journal(
        _ path: String, _ entriesMax: Int, _ now: UnixTime
    ) throws(IssuerStartError) -> ExpiringJournal {
        do throws(Errno) {
            return try ExpiringJournal(
                path, entriesMax: entriesMax, isDurable: configuration.auditIsDurable, now: now)
        } catch {
            throw .file(path, error)
        }
    }
}

/// Why an authorization server cannot start.
package enum IssuerStartError: Error, Sendable {
    case clients(ConfigurationProblems)
    case state(String, PrivateDirectory.Problem)
    /// Another process works with the same folder.
    case stateInUse(String)
    case keys(String)
    case file(String, Errno)
    case listen(SocketAddress, Errno)
    /// The sockets that the process was started with.
    case inherited(InheritedSocketsProblem)
    case tls(TLSFileProblem)
    case system(Errno)

    /// For the person who started it: one line for each problem.
    package var messages: [String] {
        switch self {
        case .clients(let problems): problems.problems.map(\.description)
        case .state(let path, let problem): ["\(path): \(problem.message)"]
        case .stateInUse(let path): ["\(path): another issuer is running with this state_dir"]
        case .keys(let message): [message]
        case .file(let path, let error): ["\(path): \(error.description)"]
        case .listen(let address, let error): ["cannot listen on \(address): \(error.message)"]
        case .inherited(let problem): [problem.message]
        case .tls(let problem): ["\(problem.path) \(problem.message)"]
        case .system(let error): [error.description]
        }
    }
}
