/// `issuer`: the authorization server.
struct IssuerCommand {
    static let syntax = CommandSyntax(
        name: "issuer", summary: "run an authorization server for the client credentials grant",
        description: [
            "Runs in the foreground and logs to standard error: text on a terminal, else one JSON object a line. It "
                + "makes its first signing key itself; clients are made with `scopeproxy client add`.",
            "SIGTERM or SIGINT stops accepting, finishes what is under way and ends; a second one ends at once. SIGHUP "
                + "opens the audit log anew, and reads certificates again.",
        ],
        options: [IssuerInput.option, ProcessRestriction.option],
        example: "scopeproxy issuer --config /etc/scopeproxy/issuer.json",
        statuses: [
            (.success, "ended by a signal, in good order"),
            (.failure, "it cannot listen where it is told to, or another issuer uses its state_dir"),
            (.usage, "the arguments, the configuration or the file of clients are wrong; every problem was told"),
            (.software, "the system did not give what the issuer needs"),
        ])

    private let input: IssuerInput

    init(_ arguments: CommandArguments) { input = IssuerInput(arguments) }

    func run(_ console: Console) -> ExitStatus {
        CommandFailure.told(by: Self.syntax.name, to: console) { () throws(CommandFailure) in
            let supervision = try ProcessRestriction.supervision()
            let configuration = try input.load()
            do throws(IssuerStartError) {
                try IssuerLoop.run(configuration, supervision)
            } catch {
                switch error {
                case .clients, .tls: throw CommandFailure(error.messages, .usage)
                case .listen, .inherited, .stateInUse: throw CommandFailure(error.messages, .failure)
                case .state, .keys, .file, .system: throw CommandFailure(error.messages, .software)
                }
            }
        }
    }
}
