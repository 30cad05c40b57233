/// `token`: an access token for a client, got as the proxy gets those of `egress`.
struct TokenCommand {
    private static let headerOption = CommandOption(
        name: "header", help: "print it as a header, as in curl -H \"$(scopeproxy token --header …)\"")
    private static let cacheOption = CommandOption(
        name: "cache", value: "FILE", help: "keep it there, readable by its owner only, and use it until it expires")
    private static let configOption = CommandOption(
        name: "config", value: "FILE", help: "take all the rest from a target of this configuration")
    private static let targetOption = CommandOption(
        name: "target", value: "ID", help: "which one; needed when there are several")

    static let syntax = CommandSyntax(
        name: "token", summary: "get an access token as a client",
        description: [
            "Asks an authorization server for a token by the client credentials grant (RFC 6749 section 4.4), and "
                + "prints it. Secrets come from a file or from the environment: others on this machine can see "
                + "arguments.",
            "With a cache, a token of the same client for the same purpose is used until three quarters of its life "
                + "are over, and to its end while the server is away.",
        ],
        options: TokenCommandOptions.all + [headerOption, cacheOption, configOption, targetOption],
        example: "scopeproxy token --issuer https://auth.example.com/ --client-id job --secret-file secret",
        statuses: [
            (.success, "the token was printed"), (.failure, "there is none, and the reason was told"),
            (.usage, "the arguments or the configuration are wrong"), (.software, "the cache cannot be written"),
        ])

    private enum Source {
        case options(TokenClient)
        case configuration(InputFile, target: String?)
    }

    private let source: Source
    private let asHeader: Bool
    private let cache: TokenFile?

    init(_ arguments: CommandArguments) throws(UsageError) {
        asHeader = arguments[Self.headerOption] != nil
        cache = arguments[Self.cacheOption].map { TokenFile(path: $0) }
        guard let file = arguments[Self.configOption] else {
            if arguments[Self.targetOption] != nil { throw .missingOption(Self.configOption.usage) }
            source = .options(try TokenCommandOptions(arguments).client())
            return
        }
        if let option = TokenCommandOptions.all.first(where: { arguments[$0] != nil }) {
            throw .contradiction("--config", "--\(option.name)")
        }
        source = .configuration(InputFile(path: file), target: arguments[Self.targetOption])
    }

    func run(_ console: Console) -> ExitStatus {
        switch source {
        case .options(let client): return run(client, console)
        case .configuration(let file, let target):
            guard let configuration = ConfigurationInput(file: file).load(console) else { return .usage }
            do throws(UsageError) {
                return run(try Self.client(of: configuration, target: target), console)
            } catch {
                console.complain("scopeproxy token: \(error.message)")
                return .usage
            }
        }
    }

    private static func client(of configuration: Configuration, target: String?) throws(UsageError) -> TokenClient {
        let targets = configuration.egress?.targets.map(\.call) ?? []
        if let target {
            if let found = targets.first(where: { $0.id == target }) { return found.client }
            let nearest = EditDistance.nearest(to: target, among: targets.map(\.id))
            throw .invalidValue(targetOption.usage, reason: "the configuration has no such target", nearest: nearest)
        }
        guard let only = targets.first else {
            throw .invalidValue(configOption.usage, reason: "the configuration has no egress", nearest: nil)
        }
        guard targets.count == 1 else { throw .missingOption(targetOption.usage) }
        return only.client
    }

    private func run(_ client: TokenClient, _ console: Console) -> ExitStatus {
        let now = Clock.unixTime()
        let kept = cache?.read(for: client, now: now)
        if let kept, !kept.isDueForRenewal(at: now) { return say(kept.token, console) }
        do throws(TokenFailure) {
            let answer = try Self.fetch(client)
            let status = say(answer.token, console)
            return keep(answer, of: client, asked: now, console) ? status : .software
        } catch {
            if let kept, error.isOutage {
                console.complain("scopeproxy token: \(error.message); this is the token of before, until it expires")
                return say(kept.token, console)
            }
            console.complain("scopeproxy token: \(error.message)")
            if case .credentials = error { return .usage }
            return .failure
        }
    }

    private static func fetch(_ client: TokenClient) throws(TokenFailure) -> TokenAnswer {
        let cancel: WakeUp
        do throws(Errno) { cancel = try WakeUp() } catch { throw .exchange(.connect(error)) }
        var fetch = TokenFetch(client)
        return try fetch.run(Patience(until: .never, cancel: cancel))
    }

    private func say(_ token: [UInt8], _ console: Console) -> ExitStatus {
        let text = String(decoding: token, as: UTF8.self)
        console.say(asHeader ? "Authorization: Bearer \(text)" : text)
        return .success
    }

    /// False, and told, when the token cannot be kept.
    private func keep(_ answer: TokenAnswer, of client: TokenClient, asked: UnixTime, _ console: Console) -> Bool {
        guard let cache else { return true }
        do throws(Errno) {
            try cache.write(answer, of: client, asked: asked)
            return true
        } catch {
            console.complain("scopeproxy token: cannot write \(cache.path): \(error.message)")
            return false
        }
    }
}
