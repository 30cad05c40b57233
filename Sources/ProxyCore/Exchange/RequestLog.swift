/// Writes one line for each request. Belongs to a worker, which hands the lines over at the end of each turn.
package final class RequestLog {
    private let writer: LogWriter
    private let table: RouteTable
    private var lines: LogLines
    private let routeIDs: [[UInt8]]
    private let isOn: Bool

    package init(writer: LogWriter, table: RouteTable) {
        self.writer = writer
        self.table = table
        lines = LogLines(format: writer.format)
        routeIDs = table.definitions.map { Array($0.id.utf8) }
        isOn = writer.level >= .info
    }

    /// Hands the lines so far to the writer.
    package func submit() { writer.submit(&lines) }

    func write(_ record: RequestRecord, now: Instant) {
        guard isOn else { return }
        lines.begin(.info, "request", wallNanoseconds: Clock.wallNanoseconds())
        let (id, method, path) = (record.id, record.method, record.path)
        lines.field("request_id", id.readable)
        lines.field("method", method.readable)
        lines.field("path", path.readable)
        if let route = record.route {
            let id = routeIDs[route]
            lines.field("route", id.span)
        }
        lines.field("status", record.status)
        if let reason = record.reason { lines.field("reason", reason) }
        if let detail = record.detail { lines.field("detail", detail) }
        if let refusal = record.refusal { writeMissing(refusal) }
        if let observed = record.observed {
            lines.field("observed", observed.denial.reason)
            writeMissing(observed)
        }
        if let client = record.caller?.clientID { lines.field("client_id", client.span) }
        writeDurations(record, now)
        lines.end()
    }

    private func writeMissing(_ refusal: Refusal) {
        let missing = refusal.missingScopes(table)
        if !missing.isEmpty { lines.field("missing_scopes", missing) }
    }

    private func writeDurations(_ record: RequestRecord, _ now: Instant) {
        lines.field("duration_ms", now.since(record.started))
        guard record.sentUpstream != .never, record.upstreamAnswered != .never else { return }
        lines.field("upstream_ms", record.upstreamAnswered.since(record.sentUpstream))
    }
}
