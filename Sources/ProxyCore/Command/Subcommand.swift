/// The things that the program does, in the order of its help.
enum Subcommand: CaseIterable {
    case serve
    case check
    case explain
    case verify
    case token
    case demo

    init?(name: String) {
        guard let known = Self.allCases.first(where: { $0.syntax.name == name }) else { return nil }
        self = known
    }

    static var names: [String] { allCases.map(\.syntax.name) }

    var syntax: CommandSyntax {
        switch self {
        case .serve: ServeCommand.syntax
        case .check: CheckCommand.syntax
        case .explain: ExplainCommand.syntax
        case .verify: VerifyCommand.syntax
        case .token: TokenCommand.syntax
        case .demo: DemoCommand.syntax
        }
    }

    func run(_ arguments: [String], _ console: Console) throws(UsageError) -> ExitStatus {
        let arguments = try CommandArguments(arguments, for: syntax)
        return switch self {
        case .serve: try ServeCommand(arguments).run(console)
        case .check: CheckCommand(arguments).run(console)
        case .explain: try ExplainCommand(arguments).run(console)
        case .verify: try VerifyCommand(arguments).run(console)
        case .token: try TokenCommand(arguments).run(console)
        case .demo: DemoCommand(arguments).run(console)
        }
    }
}
