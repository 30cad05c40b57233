/// The things that the program does, in the order of its help.
enum Subcommand: CaseIterable {
    case serve
    case check
    case explain
    case verify
    case issuer
    case clientAdd
    case clientList
    case clientShow
    case clientRotate
    case clientDisable
    case clientEnable
    case clientRemove
    case keysList
    case keysRotate
    case token
    case demo

    init?(name: String) {
        guard let known = Self.allCases.first(where: { $0.syntax.name == name }) else { return nil }
        self = known
    }

    /// The first words of all commands, with what is said about them, in the order of the help.
    static var overview: [(name: String, summary: String)] {
        var entries: [(name: String, summary: String)] = []
        for command in allCases {
            if let group = command.group {
                if entries.last?.name != group.name { entries.append((group.name, group.summary)) }
            } else {
                entries.append((command.syntax.name, command.syntax.summary))
            }
        }
        return entries
    }

    /// The group whose second word it is; nil for a command of one word.
    private var group: CommandGroup? { CommandGroup.allCases.first { $0.members.contains(self) } }

    var syntax: CommandSyntax {
        switch self {
        case .serve: ServeCommand.syntax
        case .check: CheckCommand.syntax
        case .explain: ExplainCommand.syntax
        case .verify: VerifyCommand.syntax
        case .issuer: IssuerCommand.syntax
        case .clientAdd: ClientAddCommand.syntax
        case .clientList: ClientListCommand.syntax
        case .clientShow: ClientShowCommand.syntax
        case .clientRotate: ClientRotateCommand.syntax
        case .clientDisable: ClientChangeCommand.disableSyntax
        case .clientEnable: ClientChangeCommand.enableSyntax
        case .clientRemove: ClientChangeCommand.removeSyntax
        case .keysList: KeysListCommand.syntax
        case .keysRotate: KeysRotateCommand.syntax
        case .token: TokenCommand.syntax
        case .demo: DemoCommand.syntax
        }
    }

    func run(_ arguments: [String], _ console: Console) throws(UsageError) -> ExitStatus {
        let arguments = try CommandArguments(arguments, for: syntax)
        return switch self {
        case .serve: try ServeCommand(arguments).run(console)
        case .check: try CheckCommand(arguments).run(console)
        case .explain: try ExplainCommand(arguments).run(console)
        case .verify: try VerifyCommand(arguments).run(console)
        case .issuer: IssuerCommand(arguments).run(console)
        case .clientAdd: try ClientAddCommand(arguments).run(console)
        case .clientList: ClientListCommand(arguments).run(console)
        case .clientShow: ClientShowCommand(arguments).run(console)
        case .clientRotate: try ClientRotateCommand(arguments).run(console)
        case .clientDisable: ClientChangeCommand(arguments, .disable).run(console)
        case .clientEnable: ClientChangeCommand(arguments, .enable).run(console)
        case .clientRemove: ClientChangeCommand(arguments, .remove).run(console)
        case .keysList: KeysListCommand(arguments).run(console)
        case .keysRotate: KeysRotateCommand(arguments).run(console)
        case .token: try TokenCommand(arguments).run(console)
        case .demo: DemoCommand(arguments).run(console)
        }
    }
}
