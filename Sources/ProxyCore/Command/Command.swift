/// The program as it is called from a shell.
package enum Command {
    static let name = "scopeproxy"

    /// Runs the program; `arguments` are those of the process, its own name first. Returns the process's exit status.
    package static func main(_ arguments: [String]) -> Int32 {
        CurrentProcess.prepare()
        let console = Console.ofTheProcess
        // Nearly every command reads secrets or tokens, and does so soon.
        do throws(Errno) { try ProcessRestriction.apply(arguments) } catch {
            console.complain("\(name): \(error.description)")
            return ExitStatus.software.rawValue
        }
        let status = run(Array(arguments.dropFirst()), console)
        guard let failure = console.outputFailure, !failure.isBrokenPipe else { return status.rawValue }
        console.complain("\(name): cannot write to standard output: \(failure.message)")
        return ExitStatus.software.rawValue
    }

    /// Runs the program; `arguments` are without its name.
    package static func run(_ arguments: [String], _ console: Console) -> ExitStatus {
        guard let first = arguments.first else {
            console.complain(HelpText.shortOverview)
            return .usage
        }
        let rest = Array(arguments.dropFirst())
        if first == "help" { return help(rest, console) }
        if first == "--help" || first == "-h" { return help([], console) }
        if first == "--version" || first == "-V" { return version(console) }
        if first.utf8.first == ASCII.hyphen {
            let nearest = CommandSyntax.nearestOption(to: first, among: CommandOption.everywhere)
            return refuse(.unknownOption(first, nearest: nearest), nil, console)
        }
        if let group = CommandGroup(name: first) { return run(group, rest, console) }
        guard let subcommand = Subcommand(name: first) else { return refuse(unknown(first), nil, console) }
        return run(subcommand, rest, console)
    }

    private static func run(_ group: CommandGroup, _ arguments: [String], _ console: Console) -> ExitStatus {
        guard let word = arguments.first else {
            console.complain(HelpText.manual(of: group))
            return .usage
        }
        if word == "--help" || word == "-h" {
            console.say(HelpText.manual(of: group))
            return .success
        }
        if word == "--version" || word == "-V" { return version(console) }
        guard let subcommand = group.member(word) else { return refuse(unknown(word, in: group), nil, console) }
        return run(subcommand, Array(arguments.dropFirst()), console)
    }

    private static func run(_ subcommand: Subcommand, _ arguments: [String], _ console: Console) -> ExitStatus {
        // Asked for anywhere, whatever else is wrong. No value begins with a hyphen, so this is none.
        let options = arguments.prefix { $0 != "--" }
        if options.contains("--help") || options.contains("-h") {
            console.say(HelpText.manual(of: subcommand.syntax))
            return .success
        }
        if options.contains("--version") || options.contains("-V") { return version(console) }
        do throws(UsageError) {
            return try subcommand.run(arguments, console)
        } catch {
            return refuse(error, subcommand.syntax, console)
        }
    }

    private static func help(_ arguments: [String], _ console: Console) -> ExitStatus {
        guard let topic = arguments.first else {
            console.say(HelpText.overview)
            return .success
        }
        if let group = CommandGroup(name: topic) {
            guard arguments.count > 1 else {
                console.say(HelpText.manual(of: group))
                return .success
            }
            guard let member = group.member(arguments[1]) else {
                return refuse(unknown(arguments[1], in: group), nil, console)
            }
            console.say(HelpText.manual(of: member.syntax))
            return .success
        }
        guard let subcommand = Subcommand(name: topic) else { return refuse(unknown(topic), nil, console) }
        console.say(HelpText.manual(of: subcommand.syntax))
        return .success
    }

    private static func version(_ console: Console) -> ExitStatus {
        console.say("\(name) \(Version.current) (OpenSSL \(LibraryVersion.number))")
        return .success
    }

    private static func refuse(_ error: UsageError, _ syntax: CommandSyntax?, _ console: Console) -> ExitStatus {
        let caller = syntax.map { "\(name) \($0.name)" } ?? name
        console.complain("\(caller): \(error.message)", "see `\(caller) --help`")
        return .usage
    }

    private static func unknown(_ name: String) -> UsageError {
        .unknownCommand(name, nearest: EditDistance.nearest(to: name, among: Subcommand.overview.map(\.name)))
    }

    private static func unknown(_ word: String, in group: CommandGroup) -> UsageError {
        .unknownCommand("\(group.name) \(word)", nearest: EditDistance.nearest(to: word, among: group.words))
    }
}
