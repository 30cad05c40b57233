/// What the admin listener answers. For operators and their programs: there is no authentication, and nothing here is
/// for callers of the proxy.
struct AdminPages: Sendable {
    private let status: ProxyStatus

    private enum Page {
        case metrics
        case keys
        case tokens
        case live
        case ready

        init?(path: [UInt8]) {
            let path = path.span
            if path.equals("/metrics") {
                self = .metrics
            } else if path.equals("/keys") {
                self = .keys
            } else if path.equals("/tokens") {
                self = .tokens
            } else if path.equals("/livez") {
                self = .live
            } else if path.equals("/readyz") {
                self = .ready
            } else {
                return nil
            }
        }
    }

    /// What is true at one moment is not true later.
    private static let fields = [ServiceResponse.Field("Cache-Control", "no-store")]

    init(_ status: ProxyStatus) { self.status = status }

    func answer(_ request: ServiceRequest) -> ServiceResponse {
        guard let page = Page(path: request.path) else { return .problem(404) }
        guard request.method == .get || request.method == .head else { return .methodNotAllowed(allow: "GET, HEAD") }
        switch page {
        case .metrics:
            let type = ServiceResponse.Field("Content-Type", MetricsText.mediaType)
            return ServiceResponse(status: 200, fields: [type] + Self.fields, body: MetricsPage.bytes(of: status))
        case .keys:
            let keys = status.keys.current
            return .json(fields: Self.fields) { KeysPage.write(keys, now: Clock.unixTime(), to: &$0) }
        case .tokens:
            let tokens = status.egress?.tokens.current ?? []
            return .json(fields: Self.fields) { TokensPage.write(tokens, now: Clock.unixTime(), to: &$0) }
        case .live: return live(Clock.monotonic())
        case .ready: return ready()
        }
    }

    /// That this is answered shows that the process runs; a worker that is stuck shows in the age of its turn.
    private func live(_ now: Instant) -> ServiceResponse {
        let stuck = Watchdog.stuck(status.pulses, at: now)
        return .json(status: stuck.isEmpty ? 200 : 503, fields: Self.fields) { json in
            json.beginObject()
            json.key("status")
            json.string(stuck.isEmpty ? "live" : "stuck")
            if !stuck.isEmpty {
                json.key("workers")
                json.beginArray()
                for worker in stuck { json.number(worker) }
                json.endArray()
            }
            json.endObject()
        }
    }

    private func ready() -> ServiceResponse {
        let missing = status.issuersWithoutKeys
        let phase = status.state.phase
        let word: StaticString =
            switch phase {
            case .starting: "starting"
            case .serving: missing.isEmpty ? "ready" : "keys_missing"
            case .draining: "draining"
            }
        let isReady = phase == .serving && missing.isEmpty
        return .json(status: isReady ? 200 : 503, fields: Self.fields) { json in
            json.beginObject()
            json.key("status")
            json.string(word)
            if !missing.isEmpty {
                json.key("issuers_without_keys")
                json.beginArray()
                for issuer in missing { json.string(issuer) }
                json.endArray()
            }
            json.endObject()
        }
    }
}
