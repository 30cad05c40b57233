/// Turns what happens to a target's token into log lines. Used on the token sources' threads.
struct TokenSourceLog: Sendable {
    private let writer: LogWriter
    private let target: String

    init(_ writer: LogWriter, target: String) {
        self.writer = writer
        self.target = target
    }

    @Sendable func write(_ event: TokenSourceEvent) {
        switch event {
        case .obtained(let lifetime, let isAssumed, let missingScopes):
            line(missingScopes.isEmpty ? .info : .warn, "token_obtained") { line in
                line.field("lifetime_seconds", Int(lifetime.seconds))
                if isAssumed { line.field("lifetime", "assumed") }
                if !missingScopes.isEmpty { line.field("not_granted", missingScopes.joined(separator: " ")) }
            }
        case .failed(let failure, let retryIn, let tokenKept):
            line(tokenKept ? .warn : .error, "token_not_obtained") { line in
                line.field("cause", failure.cause)
                line.field("error", failure.message)
                line.field("token_kept", tokenKept ? "yes" : "no")
                line.field("retry_seconds", Int(retryIn.seconds.rounded(.up)))
            }
        case .refusedByTarget: line(.warn, "token_refused") { $0.field("next", "another one is asked for") }
        case .credentialsChanged: line(.info, "credentials_changed") { $0.field("next", "a token is asked for") }
        }
    }

    private func line(_ level: LogLevel, _ event: StaticString, _ fields: (inout LogLines) -> Void) {
        writer.log(level, event) { line in
            line.field("target", target)
            fields(&line)
        }
    }
}
