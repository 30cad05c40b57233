/// Writes one line for each request of callers, or for each call of the service's own. Belongs to a worker, which hands
/// the lines over at the end of each turn.
package final class RequestLog {
    private let writer: LogWriter
    private var lines: LogLines
    private let isOn: Bool
    /// The time of day less the monotonic clock, as it was at the first line of this turn.
    private var wallOffset: UInt64?

    /// Lines are handed over before the end of the turn when they have become this long.
    private static let linesBytesMax = 65_536

    package init(writer: LogWriter) {
        self.writer = writer
        lines = LogLines(format: writer.format)
        isOn = writer.level >= .info
    }

    /// Hands the lines so far to the writer.
    package func submit() {
        writer.submit(&lines)
        wallOffset = nil
    }

    /// - Parameter names: of the table by which the request was judged.
    func write(_ record: RequestRecord, by names: RequestNames, peer: SocketAddress, now: Instant) {
        guard isOn else { return }
        let isSampled = !names.isWhole && Self.mayBeLeftOut(record)
        if isSampled, !names.draw() { return }
        lines.begin(.info, names.words.event, wallNanoseconds: wall(now))
        writeRequest(record, peer)
        writeOutcome(record, names)
        writeCaller(record, names)
        writeDurations(record, names.words, now)
        if isSampled { lines.field("sample", number: names.share.span) }
        lines.end()
        if lines.bytes.count > Self.linesBytesMax { submit() }
    }

    /// True for what was permitted and went well: of that, a share tells as much as the whole.
    private static func mayBeLeftOut(_ record: RequestRecord) -> Bool {
        record.status < 400 && record.reason == nil && record.observed == nil
    }

    /// The time of day at `now`. Asked once a turn: a turn is short, and clocks are not free.
    private func wall(_ now: Instant) -> UInt64 {
        if let wallOffset { return now.nanoseconds &+ wallOffset }
        let time = Clock.wallNanoseconds()
        wallOffset = time &- now.nanoseconds
        return time
    }

    private func writeRequest(_ record: RequestRecord, _ peer: SocketAddress) {
        let (id, method, path) = (record.id, record.method, record.path)
        lines.field("request_id", id.readable)
        if let trace = record.trace {
            lines.field("trace_id", hex: trace.onward.traceHigh, trace.onward.traceLow)
            lines.field("span_id", hex: trace.onward.parentID)
            if let parent = trace.parentID { lines.field("parent_id", hex: parent) }
        }
        lines.field("peer", peer)
        guard !method.isEmpty else { return }
        lines.field("method", method.readable)
        lines.field("path", path.readable)
        lines.field("http_version", record.minorVersion == 0 ? "1.0" : "1.1")
    }

    private func writeOutcome(_ record: RequestRecord, _ names: RequestNames) {
        if let route = record.route {
            let id = names.routeIDs[route]
            lines.field(names.words.place, id.span)
        }
        lines.field("status", record.status)
        if record.upstreamStatus > 0 { lines.field("upstream_status", record.upstreamStatus) }
        if let reason = record.reason { lines.field("reason", reason) }
        if let detail = record.detail { lines.field("detail", detail) }
        if let refusal = record.refusal { writeMissing(refusal, names.table) }
        if let observed = record.observed {
            lines.field("observed", observed.denial.reason)
            writeMissing(observed, names.table)
        }
        lines.field("request_bytes", Int(record.requestBytes))
        lines.field("response_bytes", Int(record.responseBytes))
    }

    private func writeMissing(_ refusal: Refusal, _ table: RouteTable) {
        let missing = refusal.missingScopes(table)
        if !missing.isEmpty { lines.field("missing_scopes", missing) }
    }

    private func writeCaller(_ record: RequestRecord, _ names: RequestNames) {
        guard let token = record.caller?.token else { return }
        let issuer = names.issuers[token.issuer]
        lines.field("issuer", issuer.span)
        if let subject = token.subject { lines.field("subject", subject.span) }
        if let client = token.clientID { lines.field("client_id", client.span) }
    }

    private func writeDurations(_ record: RequestRecord, _ words: RequestLogWords, _ now: Instant) {
        lines.field("duration_ms", now.since(record.started))
        lines.field("proxy_ms", record.ownTime)
        if record.headCame != .never { lines.field("head_ms", record.headCame.since(record.started)) }
        if let wait = record.keyWait { lines.field(words.wait, wait) }
        if let wait = record.connectionWait { lines.field("connect_ms", wait) }
        if record.bodyCame != .never { lines.field("body_ms", record.bodyCame.since(record.headCame)) }
        guard record.upstreamAnswered != .never else { return }
        if record.sentUpstream != .never {
            lines.field("upstream_ms", record.upstreamAnswered.since(record.sentUpstream))
        }
        lines.field("response_ms", now.since(record.upstreamAnswered))
        if record.tunnelBegan != .never { lines.field("tunnel_ms", now.since(record.tunnelBegan)) }
    }
}
