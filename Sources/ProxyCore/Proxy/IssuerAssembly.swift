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
        let used = try journal(
            configuration.assertionsPath, "limits.used_assertions", configuration.usedAssertionsMax, now)
        let revoked = try journal(
            configuration.revokedPath, "limits.revoked_tokens", configuration.revokedTokensMax, now)
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
        let path = configuration.auditPath
        do throws(Errno) {
            let audit = try AuditLog(path, isDurable: configuration.auditIsDurable, reopening: reopening)
            let tell = teller("audit_not_written", path, "nothing is granted that cannot be written down")
            audit.failed = { tell($0.description) }
            let log = log
            audit.reopenedAnew = { log.log(.info, "audit_log_reopened", mayWait: false) { $0.field("path", path) } }
            return audit
        } catch {
            throw .file(path, error)
        }
    }

    private func journal(
        _ path: String, _ limit: StaticString, _ entriesMax: Int, _ now: UnixTime
    ) throws(IssuerStartError) -> ExpiringJournal {
        do throws(Errno) {
            let journal = try ExpiringJournal(
                path, entriesMax: entriesMax, isDurable: configuration.auditIsDurable, now: now)
            let tell = teller("journal_not_written", path, "what cannot be remembered is answered with 503")
            journal.failed = { failure in
                switch failure {
                case .full: tell("no more of that client's: \(limit)")
                case .system(let error): tell(error.description)
                }
            }
            return journal
        } catch {
            throw .file(path, error)
        }
    }

    /// Tells of what fails, once a second at most.
    private func teller(_ event: StaticString, _ path: String, _ hint: StaticString) -> (String) -> Void {
        let log = log
        var told = Instant(nanoseconds: 0)
        return { reason in
            let now = Clock.monotonic()
            guard now.since(told) > .seconds(1) else { return }
            told = now
            log.log(.error, event, mayWait: false) { line in
                line.field("path", path)
                line.field("error", reason)
                line.field("hint", hint)
            }
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
