/// What the commands about clients have in common.
enum ClientCommands {
    static let statuses: [(status: ExitStatus, meaning: String)] = [
        (.success, "done"), (.failure, "there is no such client, or there is one already"),
        (.usage, "the arguments or the configuration are wrong; every problem was told"),
        (.software, "the file could not be written"),
    ]

    static let id = CommandOperand(name: "ID", help: "the client_id")
}

/// `client list`.
struct ClientListCommand {
    static let syntax = CommandSyntax(
        name: "client list", summary: "list the clients",
        options: [IssuerInput.option, ClientAddCommand.json],
        example: "scopeproxy client list --json", statuses: ClientCommands.statuses)

    private let arguments: CommandArguments

    init(_ arguments: CommandArguments) { self.arguments = arguments }

    func run(_ console: Console) -> ExitStatus {
        CommandFailure.told(by: Self.syntax.name, to: console) { () throws(CommandFailure) in
            let clients = try ClientsFile(path: try IssuerInput(arguments).load().clients).read()
            if arguments[ClientAddCommand.json] != nil {
                console.say(ClientText.json(clients))
            } else {
                console.say(ClientText.table(clients, at: Clock.unixTime()))
            }
        }
    }
}

/// `client show`.
struct ClientShowCommand {
    static let syntax = CommandSyntax(
        name: "client show", summary: "show one client",
        description: ["Secrets are not kept, so none is shown: only when they were made, and when they end."],
        operands: [ClientCommands.id], options: [IssuerInput.option, ClientAddCommand.json],
        example: "scopeproxy client show billing-daemon", statuses: ClientCommands.statuses)

    private let arguments: CommandArguments

    init(_ arguments: CommandArguments) { self.arguments = arguments }

    func run(_ console: Console) -> ExitStatus {
        CommandFailure.told(by: Self.syntax.name, to: console) { () throws(CommandFailure) in
            let clients = try ClientsFile(path: try IssuerInput(arguments).load().clients).read()
            let client = clients[try ClientsFile.index(of: arguments.operand(0) ?? "", in: clients)]
            if arguments[ClientAddCommand.json] != nil {
                console.say(ClientText.json(client))
            } else {
                console.say(ClientText.details(client, at: Clock.unixTime()))
            }
        }
    }
}

/// `client enable`, `client disable` and `client remove`.
struct ClientChangeCommand {
    enum Change {
        case enable
        case disable
        case remove
    }

    static let enableSyntax = CommandSyntax(
        name: "client enable", summary: "let a disabled client have tokens again",
        operands: [ClientCommands.id], options: [IssuerInput.option],
        example: "scopeproxy client enable billing-daemon", statuses: ClientCommands.statuses)

    static let disableSyntax = CommandSyntax(
        name: "client disable", summary: "let a client have no more tokens",
        description: [
            "It is treated as if there were no such client. Tokens that it has are valid until they expire, except for "
                + "who introspects them."
        ],
        operands: [ClientCommands.id], options: [IssuerInput.option],
        example: "scopeproxy client disable billing-daemon", statuses: ClientCommands.statuses)

    static let removeSyntax = CommandSyntax(
        name: "client remove", summary: "remove a client",
        operands: [ClientCommands.id], options: [IssuerInput.option],
        example: "scopeproxy client remove billing-daemon", statuses: ClientCommands.statuses)

    private let arguments: CommandArguments
    private let change: Change

    init(_ arguments: CommandArguments, _ change: Change) {
        self.arguments = arguments
        self.change = change
    }

    func run(_ console: Console) -> ExitStatus {
        let (id, name, done) = (arguments.operand(0) ?? "", syntaxName, word)
        return CommandFailure.told(by: name, to: console) { () throws(CommandFailure) in
            let file = ClientsFile(path: try IssuerInput(arguments).load().clients)
            switch change {
            case .enable: try file.update(id) { $0.isEnabled = true }
            case .disable: try file.update(id) { $0.isEnabled = false }
            case .remove:
                try file.update { (clients) throws(CommandFailure) in
                    clients.remove(at: try ClientsFile.index(of: id, in: clients))
                }
            }
            console.say("client \(id) \(done)")
        }
    }

    private var syntaxName: String {
        switch change {
        case .enable: Self.enableSyntax.name
        case .disable: Self.disableSyntax.name
        case .remove: Self.removeSyntax.name
        }
    }

    private var word: String {
        switch change {
        case .enable: "enabled"
        case .disable: "disabled"
        case .remove: "removed"
        }
    }
}
