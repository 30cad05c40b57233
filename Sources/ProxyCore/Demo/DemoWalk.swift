/// Goes through the story against the running servers.
struct DemoWalk {
    /// What came of one step.
    struct Outcome {
        let step: DemoStep
        let commands: [String]
        /// nil when there was none.
        let answer: DemoAnswer?
        /// Empty when all was as told.
        let differences: [String]
    }

    private let servers: DemoServers
    private let cancel: WakeUp
    private var tokens: [DemoToken: String] = [:]

    /// Longer than anything takes here, unless something hangs.
    private static let stepTimeout = Interval.seconds(10)
    private static let startTimeout = Interval.seconds(10)
    private static let startPause = Interval.milliseconds(10)

    init(_ servers: DemoServers) throws(Errno) {
        self.servers = servers
        cancel = try WakeUp()
    }

    /// Waits until the proxy has fetched the keys: it answers from the start, but tokens with 503 until then.
    func awaitKeys() throws(DemoError) {
        let token = token(signedAt: Clock.unixTime())
        let request = DemoRequest(path: "/v2/users", token: .reader)
        let deadline = Clock.monotonic().advanced(by: Self.startTimeout)
        while Clock.monotonic() < deadline {
            let message = request.message(host: servers.address(of: .proxy), [.reader: token])
            if let answer = try? ask(request, message), answer.status != 503 { return }
            try? Patience(until: deadline, cancel: cancel).atMost(Self.startPause).awaitDeadline()
        }
        throw .notReady
    }

    mutating func perform(_ step: DemoStep) -> Outcome {
        let request = step.request
        if let token = request.token { prepare(token) }
        let commands = CurlCommand(
            request: request, server: servers.url(of: request.server),
            authorityFile: servers.authorityFile(of: request.server),
            certificate: request.certificate.flatMap(servers.files), tokens: tokens
        ).lines
        do throws(DemoCallError) {
            let answer = try ask(request, request.message(host: servers.address(of: request.server), tokens))
            if let name = request.keeps { tokens[name] = Self.accessToken(in: answer.body) }
            return Outcome(
                step: step, commands: commands, answer: answer, differences: step.expected.differences(from: answer))
        } catch {
            return Outcome(step: step, commands: commands, answer: nil, differences: [error.message])
        }
    }

    private func ask(_ request: DemoRequest, _ message: [UInt8]) throws(DemoCallError) -> DemoAnswer {
        let patience = Patience(until: Clock.monotonic().advanced(by: Self.stepTimeout), cancel: cancel)
        let identity = request.certificate.flatMap(servers.identity)
        return try DemoCaller(access: servers.access, identity: identity, patience: patience)
            .ask(servers.location(of: request.server), message, method: request.method)
    }

    private mutating func prepare(_ token: DemoToken) {
        switch token.origin {
        case .step: break
        case .past: tokens[token] = self.token(signedAt: UnixTime(Clock.unixTime().seconds - 3600))
        case .spliced(let claims, let signature):
            let parts = (tokens[claims] ?? "").split(separator: ".").dropLast()
            let end = (tokens[signature] ?? "").split(separator: ".").last ?? ""
            tokens[token] = (parts + [end]).joined(separator: ".")
        }
    }

    /// What the authorization server gives at that time by its clock: the walk may set it, being in the same process.
    private func token(signedAt time: UnixTime) -> String {
        let client = servers.clients.daemon
        let body = "grant_type=client_credentials&client_id=\(client.id)&client_secret=\(client.secret)"
        let request = ServiceRequest(
            .post, AuthorizationServer.Path.token, fields: [("Content-Type", "application/x-www-form-urlencoded")],
            body: Array(body.utf8))
        return Self.accessToken(in: servers.issuer.answer(request, now: time).body) ?? ""
    }

    private static func accessToken(in body: [UInt8]) -> String? {
        guard let document = try? JSONDocument(parsing: body) else { return nil }
        return document.root["access_token"]?.string
    }
}
