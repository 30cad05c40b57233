/// `serve`: the proxy itself.
struct ServeCommand {
    private static let configOption = CommandOption(
        name: "config", value: "FILE", help: "the configuration; the same as the argument FILE")

    static let syntax = CommandSyntax(
        name: "serve", summary: "run the proxy",
        description: [
            "Runs in the foreground and logs to standard error: text on a terminal, else one JSON object a line. "
                + "SIGTERM or SIGINT stops accepting, finishes what is under way and ends; a second one ends at once. "
                + "SIGHUP, or a change of a file, has the configuration and all that it names read again."
        ],
        operands: [
            CommandOperand(name: "FILE", help: "the configuration; ./\(defaultFile) if not given", isOptional: true)
        ],
        options: [configOption, ProcessRestriction.option],
        example: "scopeproxy serve --config /etc/scopeproxy/routes.json",
        statuses: [
            (.success, "ended by a signal, in good order"), (.failure, "the proxy cannot listen where it is told to"),
            (.usage, "the arguments or the configuration are wrong; every problem was told"),
            (.software, "the system did not give what the proxy needs"),
        ])

    private static let defaultFile = "routes.json"

    private let file: String

    init(_ arguments: CommandArguments) throws(UsageError) {
        if arguments.operand(0) != nil, arguments[Self.configOption] != nil {
            throw .contradiction("FILE", "--config FILE")
        }
        file = arguments.operand(0) ?? arguments[Self.configOption] ?? Self.defaultFile
    }

    /// What came from standard input cannot be read again.
    private var reloading: Reloading? {
        let input = InputFile(path: file)
        guard !input.isStandardInput else { return nil }
        return Reloading { () throws(ConfigurationProblems) in try ConfigurationLoader().load(input.path) }
    }

    func run(_ console: Console) -> ExitStatus {
        CommandFailure.told(by: Self.syntax.name, to: console) { () throws(CommandFailure) in
            let supervision = try ProcessRestriction.supervision()
            guard let configuration = ConfigurationInput(file: InputFile(path: file)).load(console) else {
                throw CommandFailure([], .usage)
            }
            do throws(ProxyStartError) {
                try ServeLoop.run(configuration, supervision, reloading)
            } catch {
                throw CommandFailure([error.message], Self.status(of: error))
            }
        }
    }

    private static func status(of error: ProxyStartError) -> ExitStatus {
        switch error {
        case .listen, .egress, .admin, .inherited, .identity, .routes, .tls: .failure
        case .system: .software
        }
    }
}
