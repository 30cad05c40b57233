/// Why a command could not do what it was told: what to say about it, and how to end.
struct CommandFailure: Error {
    let lines: [String]
    let status: ExitStatus

    init(_ lines: [String], _ status: ExitStatus) {
        self.lines = lines
        self.status = status
    }

    init(_ problems: ConfigurationProblems) { self.init(problems.problems.map(\.description), .usage) }

    /// Runs `body`; what it throws is said in the name of `command`.
    static func told(
        by command: String, to console: Console, _ body: () throws(CommandFailure) -> Void
    ) -> ExitStatus {
        do throws(CommandFailure) {
            try body()
            return .success
        } catch {
            // A problem of a file begins with the file's name already.
            let prefix = error.status == .usage && error.lines.count > 1 ? "" : "scopeproxy \(command): "
            console.complain(error.lines.map { prefix + $0 })
            return error.status
        }
    }
}
