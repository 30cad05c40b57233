/// `demo`: all roles on this machine, and the story that they tell.
struct DemoCommand {
    private static let configOption = CommandOption(
        name: "config", value: "FILE", help: "the rules to show; ./\(defaultFile) if not given")
    private static let onceOption = CommandOption(name: "once", help: "end after the walk instead of staying up")
    private static let tlsOption = CommandOption(
        name: "tls", help: "everything over https, with certificates of an authority made for this demo")
    private static let defaultFile = "routes.json"

    static let syntax = CommandSyntax(
        name: "demo", summary: "run all roles on this machine and walk through what they do",
        description: [
            "Starts an authorization server, a sample API that knows nothing of tokens, and the proxy before it, each "
                + "on a free port of 127.0.0.1. Then it walks through requests that are let through and requests that "
                + "are refused, with the curl line for each, and stays up for trying until Ctrl-C.",
            "Nothing has to be installed or prepared. The rules are those of the project's own \(defaultFile), so "
                + "run it in the project's folder or name the file.",
        ],
        options: [configOption, onceOption, tlsOption],
        example: "scopeproxy demo --once",
        statuses: [
            (.success, "every answer was as told"), (.failure, "an answer was not as told"),
            (.usage, "the arguments or the configuration are wrong; every problem was told"),
            (.software, "the servers could not be started"),
        ])

    private var options = DemoOptions()

    init(_ arguments: CommandArguments) {
        options.file = arguments[Self.configOption] ?? Self.defaultFile
        options.endsAfterWalk = arguments[Self.onceOption] != nil
        options.usesTLS = arguments[Self.tlsOption] != nil
    }

    func run(_ console: Console) -> ExitStatus {
        var options = options
        options.isColored = console.showsColors
        options.program = CommandLine.arguments.first ?? options.program
        do throws(DemoError) {
            return try Demo.run(options) { console.sayStyled($0) } ? .success : .failure
        } catch {
            console.complain(error.messages.map { "scopeproxy demo: \($0)" })
            switch error {
            case .configuration:
                if options.file == Self.defaultFile {
                    console.complain("run it in the project's folder, or name the file: scopeproxy demo --config FILE")
                }
                return .usage
            case .noIssuer: return .usage
            case .proxy, .system, .notReady: return .software
            }
        }
    }
}
