/// What a command that runs for long, with secrets, does before it reads any.
struct ProcessRestriction {
    static let option = CommandOption(
        name: "core-dumps", help: "leave core dumps and debuggers possible, which show secrets that are in memory")

    private let isDumpable: Bool

    init(_ arguments: CommandArguments) { isDumpable = arguments[Self.option] != nil }

    func apply() throws(CommandFailure) {
        do throws(Errno) {
            try CurrentProcess.restrict(isDumpable: isDumpable)
        } catch {
            throw CommandFailure([error.description], .software)
        }
    }

    /// What the environment tells of whoever started the process: to be asked before the first thread.
    static func supervision() throws(CommandFailure) -> Supervision {
        do throws(InheritedSocketsProblem) { return try Supervision.fromEnvironment() } catch {
            throw CommandFailure([error.message], .failure)
        }
    }
}
