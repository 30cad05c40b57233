/// Tells in the log what came of reloads.
struct ReloadLog: Sendable {
    private let log: LogWriter

    /// Lines of one reload; those that are left out are counted.
    private static let linesMax = 100

    init(_ log: LogWriter) { self.log = log }

    func succeeded(_ change: ReloadChange, isAsked: Bool, took: Interval) {
        let changes = change.comparison.changes
        if !change.needsRestart.isEmpty {
            log.log(.warn, "reload_needs_restart", mayWait: false) { line in
                line.field("keys", change.needsRestart.joined(separator: " "))
                line.field("hint", "these stay as they were; all other changes of the file are in force")
            }
        }
        if !change.isTakenByAll {
            log.log(.error, "reload_slow", mayWait: false) { line in
                line.field("hint", "a worker has not taken the new rules yet; until it does, it judges by the old ones")
            }
        }
        tell(change.comparison)
        for issuer in change.issuers {
            log.log(issuer.permitsMore ? .warn : .info, "issuer_changed", mayWait: false) { line in
                line.field("change", issuer.kind.name)
                line.field("issuer", issuer.issuer)
            }
        }
        if !change.settingsOfTrust.isEmpty {
            log.log(.warn, "trust_changed", mayWait: false) { line in
                line.field("keys", change.settingsOfTrust.joined(separator: " "))
            }
        }
        log.log(.info, "reloaded", mayWait: false) { line in
            line.field("cause", isAsked ? "signal" : "file")
            line.field("routes", change.configuration.routes.count)
            line.field("issuers", change.configuration.issuers.map(\.token.issuer).joined(separator: " "))
            line.field("upstream", change.configuration.upstream.description)
            for kind in PolicyChange.Kind.all { line.field(kind.name, changes.count { $0.kind == kind }) }
            line.field("duration_ms", took)
        }
    }

    private func tell(_ comparison: PolicyComparison) {
        // What lets more through first: it must not be among those that are left out.
        let changes = comparison.changes.filter(\.permitsMore) + comparison.changes.filter { !$0.permitsMore }
        for change in changes.prefix(Self.linesMax) {
            log.log(change.permitsMore ? .warn : .info, "rule_changed", mayWait: false) { line in
                line.field("change", change.kind.name)
                line.field("methods", change.methods.isEmpty ? "any" : change.methods.joined(separator: " "))
                line.field("path", change.path)
                if let id = change.before { line.field("route_before", id) }
                if let id = change.after { line.field("route_after", id) }
                line.field("before", change.accessBefore)
                line.field("after", change.accessAfter)
            }
        }
        guard changes.count > Self.linesMax || !comparison.isComplete else { return }
        log.log(.warn, "rule_changes_left_out", mayWait: false) { line in
            line.field("count", max(0, changes.count - Self.linesMax))
            line.field("hint", "scopeproxy check NEW --against OLD tells all of them")
        }
    }

    func failed(_ failure: ReloadFailure, isAsked: Bool) {
        let problems: [String] =
            switch failure {
            case .invalid(let problems): problems.problems.map(\.description)
            case .unusable(let message, _, _): [message]
            }
        for problem in problems.prefix(Self.linesMax) {
            log.log(.error, "configuration_problem", mayWait: false) { $0.field("problem", problem) }
        }
        log.log(.error, "reload_failed", mayWait: false) { line in
            line.field("cause", isAsked ? "signal" : "file")
            line.field("problems", problems.count)
            line.field("hint", "nothing has changed: the configuration of before stays in force")
            if failure.mayPass { line.field("retry", "every two seconds, until it works") }
        }
    }
}

extension IssuerChange.Kind {
    var name: StaticString {
        switch self {
        case .added: "added"
        case .removed: "removed"
        case .changed: "changed"
        }
    }
}

extension PolicyChange.Kind {
    static let all: [PolicyChange.Kind] = [.added, .removed, .loosened, .tightened, .changed]

    var name: StaticString {
        switch self {
        case .added: "added"
        case .removed: "removed"
        case .loosened: "loosened"
        case .tightened: "tightened"
        case .changed: "changed"
        }
    }
}
