/// What two configurations decide otherwise, for a person: what lets more through comes first and bears a mark.
enum PolicyChangeText {
    /// - Parameters:
    ///   - comparison: of the rules.
    ///   - issuers: what is said of them.
    ///   - settings: the keys of settings that decide whom callers are taken for, and have changed.
    static func lines(
        _ comparison: PolicyComparison, _ issuers: [IssuerChange], settings: [String]
    ) -> [String] {
        let changes = comparison.changes.filter(\.permitsMore) + comparison.changes.filter { !$0.permitsMore }
        var table = TextTable()
        table.add("", "CHANGE", "METHODS", "PATH", "BEFORE", "AFTER", "ROUTE")
        for change in changes {
            table.add(
                mark(change.permitsMore), change.kind.rawValue,
                change.methods.isEmpty ? "any" : change.methods.joined(separator: ","), change.path,
                change.accessBefore, change.accessAfter, route(change))
        }
        var lines = changes.isEmpty ? ["no request is decided otherwise by its route"] : table.lines
        if !comparison.isComplete { lines.append("warning: there are more routes than are compared; this is not all") }
        lines += issuers.map { "\(mark($0.permitsMore)) issuer \($0.kind.name): \($0.issuer)" }
        lines += settings.map { "\(mark(true)) \($0) changed" }
        let more = changes.count(where: \.permitsMore) + issuers.count(where: \.permitsMore) + settings.count
        lines.append("")
        lines.append(
            more == 0
                ? "nothing is permitted that was not before"
                : "\(more) of these may permit what was not permitted before (marked with !)")
        return lines
    }

    private static func mark(_ permitsMore: Bool) -> String { permitsMore ? "!" : " " }

    private static func route(_ change: PolicyChange) -> String {
        switch (change.before, change.after) {
        case (nil, nil): "-"
        case (let id?, nil), (nil, let id?): id
        case (let before?, let after?): before == after ? after : "\(before) -> \(after)"
        }
    }
}
