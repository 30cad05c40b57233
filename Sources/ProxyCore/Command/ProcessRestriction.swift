/// What the process gives up before it reads any secret, whatever it is to do.
enum ProcessRestriction {
    /// For the commands that run for long, at which somebody may have to look.
    static let option = CommandOption(
        name: "core-dumps", help: "leave core dumps and debuggers possible, which show secrets that are in memory")

    /// - Parameter arguments: those of the process.
    static func apply(_ arguments: [String]) throws(Errno) {
        try CurrentProcess.restrict(isDumpable: arguments.contains("--\(option.name)"))
    }

    /// What the environment tells of whoever started the process: to be asked before the first thread.
    static func supervision() throws(CommandFailure) -> Supervision {
        do throws(InheritedSocketsProblem) { return try Supervision.fromEnvironment() } catch {
            throw CommandFailure([error.message], .failure)
        }
    }
}
