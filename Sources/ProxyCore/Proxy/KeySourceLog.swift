/// Turns what happens to an issuer's keys into log lines. Used on the key sources' threads.
struct KeySourceLog: Sendable {
    private let writer: LogWriter
    private let issuer: String

    init(_ writer: LogWriter, issuer: String) {
        self.writer = writer
        self.issuer = issuer
    }

    @Sendable func write(_ event: KeySourceEvent) {
        switch event {
        case .fetched(let keys, let skipped, let lifetime, let isNew):
            line(isNew ? .info : .debug, isNew ? "keys_changed" : "keys_fetched") { line in
                line.field("keys", keys)
                if skipped > 0 { line.field("skipped", skipped) }
                line.field("lifetime_seconds", Int(lifetime.seconds))
            }
        case .skippedKey(let key):
            line(.warn, "key_skipped") { line in
                line.field("position", key.position)
                if let kid = key.keyID { line.field("kid", kid.span) }
                line.field("why", "\(key.reason)")
            }
        case .fetchFailed(let failure, let retryIn, let keysKept):
            line(keysKept ? .warn : .error, "keys_not_fetched") { line in
                line.field("cause", failure.cause)
                line.field("error", failure.message)
                line.field("keys_kept", keysKept ? "yes" : "no")
                line.field("retry_seconds", Int(retryIn.seconds.rounded(.up)))
            }
        case .usedDiskCopy(let keys, let age):
            line(.warn, "keys_from_disk") { line in
                line.field("keys", keys)
                line.field("age_seconds", Int(age.seconds))
            }
        case .diskCopyNotUsed(let problem): line(.warn, "disk_copy_not_used") { $0.field("why", "\(problem)") }
        case .diskCopyNotWritten(let error):
            line(.warn, "disk_copy_not_written") { $0.field("error", error.description) }
        case .droppedStale: line(.error, "keys_dropped") { $0.field("why", "not fetched for too long") }
        }
    }

    private func line(_ level: LogLevel, _ event: StaticString, _ fields: (inout LogLines) -> Void) {
        writer.log(level, event) { line in
            line.field("issuer", issuer)
            fields(&line)
        }
    }
}
