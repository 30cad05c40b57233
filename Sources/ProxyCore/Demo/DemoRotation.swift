/// Replaces a client's secret and the key that signs, while the client calls all the time through all three roles.
struct DemoRotation {
    /// What came of it.
    struct Outcome {
        let calls: Int
        let failed: Int
        /// What did not happen in time; nil when everything did.
        let missing: String?

        var isAsTold: Bool { failed == 0 && missing == nil }
    }

    private let servers: DemoServers
    private let cancel: WakeUp

    /// Longer than anything takes here, unless something hangs.
    private static let timeout = Interval.seconds(10)
    private static let pause = Interval.milliseconds(5)
    /// Calls before and after.
    private static let callsAround = 20

    private enum Failure: Error {
        case missing(String)
        case system(Errno)
    }

    init(_ servers: DemoServers) throws(Errno) {
        self.servers = servers
        cancel = try WakeUp()
    }

    func run() throws(Errno) -> Outcome {
        let (caller, location) = (servers.access, servers.location(of: .egress))
        let message = DemoRequest(server: .egress, path: "/v2/users/1").message(
            host: servers.address(of: .egress), [:])
        let (cancel, timeout) = (cancel, Self.timeout)
        let flow = try DemoFlow {
            let patience = Patience(until: Clock.monotonic().advanced(by: timeout), cancel: cancel)
            return try? DemoCaller(access: caller, patience: patience).ask(location, message, method: .get)
        }
        do throws(Failure) {
            try rotate(flow)
        } catch {
            flow.stop()
            switch error {
            case .missing(let event): return Outcome(calls: flow.calls, failed: flow.failed, missing: event)
            case .system(let error): throw error
            }
        }
        flow.stop()
        return Outcome(calls: flow.calls, failed: flow.failed, missing: nil)
    }

    private func rotate(_ flow: DemoFlow) throws(Failure) {
        let (client, issuer) = (servers.clients.sync, servers.issuer)
        try wait(for: "calls before the change") { flow.calls >= Self.callsAround }
        // Both secrets count, both keys are published, and only the old key signs.
        let secret = ClientSecret.generate()
        let authorization = client.basic(secret)
        issuer.add(secret, to: client.id)
        let keyID = issuer.publishKey()
        let fetches = issuer.keyFetches
        do throws(Errno) { try servers.sidecar.replaceSecret(with: secret) } catch { throw .system(error) }
        try wait(for: "a token for the new secret") { issuer.lastGrant?.authorization == authorization }
        try wait(for: "the proxy's look at the new key") { issuer.keyFetches > fetches }
        // The old secret is worth nothing any more, and the old key signs nothing.
        issuer.endOldSecrets(of: client.id)
        issuer.activateKey(at: Clock.unixTime())
        let last = DemoIssuer.Grant(authorization: authorization, keyID: keyID)
        try wait(for: "a token signed with the new key") { issuer.lastGrant == last }
        let calls = flow.calls
        try wait(for: "calls after the change") { flow.calls >= calls + Self.callsAround }
    }

    private func wait(for event: String, _ hasHappened: () -> Bool) throws(Failure) {
        let deadline = Clock.monotonic().advanced(by: Self.timeout)
        while !hasHappened() {
            guard Clock.monotonic() < deadline else { throw .missing(event) }
            try? Patience(until: deadline, cancel: cancel).atMost(Self.pause).awaitDeadline()
        }
    }
}
