/// The help of the program and of its commands, as lines of at most 80 columns.
enum HelpText {
    private static let columns = 80

    /// For whoever names no command.
    static var shortOverview: [String] {
        ["Usage: \(Command.name) COMMAND [ARGUMENT]...", ""] + commands
            + ["", "See `\(Command.name) --help`, or `\(Command.name) COMMAND --help`."]
    }

    static var overview: [String] {
        ["\(Command.name): OAuth 2.0 scopes in front of an API that you cannot change", ""]
            + ["Usage: \(Command.name) COMMAND [ARGUMENT]...", ""] + ["Commands:"] + commands
            + ["", "Options:"] + options(CommandOption.everywhere)
            + ["", "Example:", "  \(Command.name) demo", "", "Exit status:"] + statuses(commonStatuses)
            + ["", "`\(Command.name) COMMAND --help` tells more about a command."]
    }

    static func manual(of syntax: CommandSyntax) -> [String] {
        var lines = ["\(Command.name) \(syntax.name): \(syntax.summary)", ""]
        lines += wrap(usage(of: syntax), first: "Usage: ", next: "         ")
        for paragraph in syntax.description { lines += [""] + wrap(words(paragraph), first: "", next: "") }
        if !syntax.operands.isEmpty {
            lines += ["", "Arguments:"] + entries(syntax.operands.map { ("  \($0.name)", $0.help) })
        }
        lines += ["", "Options:"] + options(syntax.options + CommandOption.everywhere)
        lines += ["", "Example:", "  \(syntax.example)"]
        return lines + ["", "Exit status:"] + statuses(syntax.statuses)
    }

    /// For a group of commands of two words.
    static func manual(of group: CommandGroup) -> [String] {
        let commands = entries(group.members.map { ("  \($0.syntax.name)", $0.syntax.summary) })
        return ["\(Command.name) \(group.name): \(group.summary)", ""]
            + ["Usage: \(Command.name) \(group.name) COMMAND [ARGUMENT]...", "", "Commands:"] + commands
            + ["", "`\(Command.name) \(group.name) COMMAND --help` tells more about a command."]
    }

    private static let commonStatuses: [(status: ExitStatus, meaning: String)] = [
        (.success, "done"),
        (.failure, "the answer is no: not valid, refused, not as told"),
        (.usage, "the arguments or the configuration are not as they have to be"),
        (.software, "the system did not do what the program needs"),
    ]

    /// The pieces of the usage line, none of which is to be broken.
    private static func usage(of syntax: CommandSyntax) -> [String] {
        let alternatives = syntax.alternatives.map(\.usage).joined(separator: " | ")
        let operands = syntax.operands.map { $0.isOptional ? "[\($0.name)]" : $0.name }
        let required = syntax.options.filter(\.isRequired).map(\.usage)
        let others = syntax.options.filter { !syntax.alternatives.contains($0) && !$0.isRequired }
        return [Command.name, syntax.name] + required + others.map { "[\($0.usage)]" }
            + (alternatives.isEmpty ? [] : ["[\(alternatives)]"]) + operands
    }

    private static var commands: [String] {
        entries(Subcommand.overview.map { ("  \($0.name)", $0.summary) })
    }

    private static func options(_ options: [CommandOption]) -> [String] {
        entries(options.map { option in
            let letter = option.letter.map { "-\($0), " } ?? ""
            return ("  \(letter)\(option.usage)", option.help)
        })
    }

    private static func statuses(_ statuses: [(status: ExitStatus, meaning: String)]) -> [String] {
        entries(statuses.map { ("  \($0.status.rawValue)", $0.meaning) })
    }

    /// Terms and what they mean, the meanings aligned.
    private static func entries(_ entries: [(term: String, meaning: String)]) -> [String] {
        let width = (entries.map(\.term.count).max() ?? 0) + 2
        return entries.flatMap { term, meaning in
            let padding = String(repeating: " ", count: width - term.count)
            return wrap(words(meaning), first: term + padding, next: String(repeating: " ", count: width))
        }
    }

    private static func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

    private static func wrap(_ pieces: [String], first: String, next: String) -> [String] {
        var lines: [String] = []
        var line = first
        var isEmpty = true
        for piece in pieces {
            if !isEmpty, line.count + 1 + piece.count > columns {
                lines.append(line)
                line = next
                isEmpty = true
            }
            line += isEmpty ? piece : " " + piece
            isEmpty = false
        }
        return lines + [line]
    }
}
