/// What whoever started the process has to do with it: the sockets that it was handed, and who is told how it is.
package struct Supervision: Sendable {
    package var sockets: InheritedSockets
    package let notifier: ServiceNotifier

    /// Nobody but a person, or a program that knows nothing of this.
    package init() {
        sockets = InheritedSockets()
        notifier = ServiceNotifier()
    }

    /// What the environment tells. To be called once, before any thread is started: the variables are removed, so that
    /// no program that is started from here takes them for its own.
    package static func fromEnvironment() throws(InheritedSocketsProblem) -> Supervision {
        defer { ProcessEnvironment.remove(InheritedSockets.variables + ServiceNotifier.variables) }
        return try Supervision(ProcessEnvironment.value)
    }

    private init(_ environment: (String) -> String?) throws(InheritedSocketsProblem) {
        notifier = ServiceNotifier(environment)
        sockets = try InheritedSockets(environment)
    }

    /// Tells in the log what did not come to pass as somebody may have meant it.
    func logProblems(_ log: LogWriter) {
        if sockets.areForAnother {
            log.log(.warn, "inherited_sockets_ignored") { line in
                line.field("hint", "LISTEN_PID names another process: start scopeproxy without a shell in between")
            }
        }
        if let problem = notifier.problem {
            log.log(.warn, "notify_socket_unusable") { $0.field("error", problem) }
        }
    }
}
