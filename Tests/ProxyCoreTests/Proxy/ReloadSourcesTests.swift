import ProxyCore
import XCTest

/// Reloads and what feeds the proxy: keys, tokens, files.
final class ReloadSourcesTests: ProxyTestCase {
    private static let routes = #"{"path": "/a", "scopes": ["a:read"]}"#
    private let folder = TemporaryDirectory()

    private func start(
        _ upstream: ScriptedUpstream, _ more: String = "", issuers: String? = nil, workers: Int = 1
    ) throws -> ProxyFixture {
        try ProxyFixture(
            upstream.url, routes: Self.routes, more, issuers: issuers, workers: workers, folder: folder)
    }

    /// Another issuer.
    private static func other(_ signer: TestSigner) -> String {
        "{\"issuer\": \"https://other.test\", \"audiences\": [\"x\"], \"jwks\": {\"keys\": [\(signer.jwk())]}}"
    }

    private func status(_ proxy: ProxyFixture, _ token: String) throws -> Int {
        try proxy.answer(RequestText.of("GET", "/a", token: token)).status
    }

    func testAKeptIssuerKeepsItsKeys() throws {
        let upstream = try ScriptedUpstream()
        let signer = TestSigner()
        let keys = try KeyServer(signer)
        let proxy = try ProxyFixture(
            upstream.url, routes: Self.routes, issuers: keys.issuer(), signer: signer, folder: folder)
        try proxy.log.entries.await("keys") { $0.event == "keys_changed" }
        XCTAssertEqual(try status(proxy, proxy.token("a:read")), 200)
        // From now on nobody gets them anew.
        keys.behave(.hangs)
        let other = Self.other(TestSigner(.ed25519))
        for issuers in [keys.issuer(), "\(other), \(keys.issuer())", keys.issuer()] {
            XCTAssertEqual(try proxy.reload(upstream.url, routes: Self.routes, issuers: issuers).event, "reloaded")
            XCTAssertEqual(try status(proxy, proxy.token("a:read")), 200)
        }
        XCTAssertEqual(keys.fetches, 1)
    }

    func testIssuersComeAndGo() throws {
        let upstream = try ScriptedUpstream()
        let (first, second) = (TestSigner(), TestSigner(.ed25519, keyID: "second"))
        let keys = try KeyServer(second)
        let proxy = try ProxyFixture(
            upstream.url, routes: Self.routes, #""admin": "127.0.0.1:0""#, signer: first, folder: folder)
        XCTAssertEqual(try status(proxy, proxy.token("a:read")), 200)
        // The same issuer with keys from elsewhere: those of before count no more.
        try proxy.reload(upstream.url, routes: Self.routes, #""admin": "127.0.0.1:0""#, issuers: keys.issuer())
        XCTAssertEqual(try status(proxy, proxy.token("a:read")), 401)
        let token = proxy.token(proxy.claims.with("scope", "\"a:read\""), signer: second)
        XCTAssertEqual(try status(proxy, token), 200)
        let other = Self.other(TestSigner(.ed25519))
        try proxy.reload(upstream.url, routes: Self.routes, #""admin": "127.0.0.1:0""#, issuers: other)
        XCTAssertEqual(try status(proxy, token), 401)
        XCTAssertTrue(try AdminClient(proxy).answer("/keys").text.contains("other.test"))
        XCTAssertFalse(try AdminClient(proxy).answer("/keys").text.contains(ClaimsText.issuer))
    }

    func testANewIssuerWithoutKeysLeavesTheProxyReady() throws {
        let upstream = try ScriptedUpstream()
        let keys = try KeyServer(.fails)
        let proxy = try start(upstream, #""admin": "127.0.0.1:0""#)
        let known = ProxyFixture.issuer("\"jwks\": {\"keys\": [\(proxy.signer.jwk())]}")
        let fresh = "{\"issuer\": \"https://other.test\", \"audiences\": [\"x\"], "
            + "\"jwks_uri\": \"http://127.0.0.1:\(keys.server.port)/jwks\"}"
        let told = try proxy.reload(
            upstream.url, routes: Self.routes, #""admin": "127.0.0.1:0""#, issuers: "\(known), \(fresh)")
        XCTAssertEqual(told.event, "reloaded")
        XCTAssertEqual(try status(proxy, proxy.token("a:read")), 200)
        XCTAssertEqual(try AdminClient(proxy).answer("/readyz").status, 200)
        let claims = proxy.claims.with("iss", "\"https://other.test\"").with("aud", "\"x\"")
        XCTAssertEqual(try status(proxy, proxy.token(claims)), 503)
    }

    func testAnotherSourceThatFailsTooLeavesTheProxyUnready() throws {
        let upstream = try ScriptedUpstream()
        let admin = #""admin": "127.0.0.1:0""#
        let (first, second) = (try KeyServer(.fails), try KeyServer(.fails))
        let proxy = try start(upstream, admin, issuers: first.issuer())
        try proxy.log.entries.await("failure") { $0.event == "keys_not_fetched" }
        XCTAssertEqual(try AdminClient(proxy).answer("/readyz").status, 503)
        XCTAssertEqual(
            try proxy.reload(upstream.url, routes: Self.routes, admin, issuers: second.issuer()).event, "reloaded")
        XCTAssertEqual(try AdminClient(proxy).answer("/readyz").status, 503)
        try proxy.reload(upstream.url, routes: Self.routes, admin)
        try AdminClient(proxy).answer("/readyz") { $0.status == 200 }
    }

    func testARequestThatWaitsForKeysIsJudgedByTheNewRules() throws {
        let upstream = try ScriptedUpstream()
        let signer = TestSigner()
        let keys = try KeyServer(.publishes([TestSigner(.p256, keyID: "old").jwk()]))
        let proxy = try ProxyFixture(
            upstream.url, routes: Self.routes, #""admin": "127.0.0.1:0""#,
            issuers: keys.issuer(#""wait_seconds": 20, "fetch_timeout_seconds": 20, "cooldown_seconds": 0"#),
            signer: signer, folder: folder)
        let admin = try AdminClient(proxy)
        try admin.answer("/readyz") { $0.status == 200 }
        keys.behave(.hangs)
        let client = try proxy.client()
        try client.send(RequestText.of("GET", "/a", token: proxy.token("a:read")))
        try admin.awaitMetrics(["scopeproxy_parked_requests": 1])
        try proxy.reload(upstream.url, routes: Self.routes, #""admin": "127.0.0.1:0""#)
        XCTAssertEqual(try client.response().status, 200)
        try admin.awaitMetrics(["scopeproxy_parked_requests": 0])
    }

    func testTargetsComeAndGo() throws {
        let (first, second) = (try ScriptedUpstream(), try ScriptedUpstream())
        let (tokens, others) = (try TokenServer(), try TokenServer())
        func egress(_ targets: String...) -> String {
            #""admin": "127.0.0.1:0", "egress": {"listen": "127.0.0.1:0", "#
                + "\"targets\": [\(targets.joined(separator: ", "))]}"
        }
        let kept = EgressFixture.target(first, tokens, #""id": "kept""#)
        let proxy = try ProxyFixture(
            first.url, routes: Self.routes, egress(kept), environment: ["SECRET": "s"], folder: folder)
        let client = try RawClient(XCTUnwrap(proxy.server.egressAddress))
        func call(_ host: String) throws -> Int {
            try client.send("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
            return try client.response().status
        }
        XCTAssertEqual(try call("api.test"), 200)
        let added = EgressFixture.target(second, others, #""id": "added""#)
            .replacingOccurrences(of: "api.test", with: "more.test")
        try proxy.reload(first.url, routes: Self.routes, egress(added, kept))
        XCTAssertEqual(try call("more.test"), 200)
        XCTAssertEqual(try call("api.test"), 200)
        XCTAssertEqual(tokens.server.requests.count, 1, "the token of a target that stays is kept")
        XCTAssertEqual(first.connections, 1)
        // Another upstream for the same target, and the other one gone.
        try proxy.reload(
            first.url, routes: Self.routes, egress(EgressFixture.target(second, tokens, #""id": "kept""#)))
        XCTAssertEqual(try call("api.test"), 200)
        XCTAssertEqual(tokens.server.requests.count, 1)
        XCTAssertEqual(second.requests.count, 2)
        XCTAssertGreaterThanOrEqual(try call("more.test"), 400)
        try AdminClient(proxy).awaitMetrics([
            "scopeproxy_egress_calls_total{target=\"kept\",decision=\"allowed\",reason=\"\"}": 3,
            "scopeproxy_egress_calls_total{target=\"added\",decision=\"allowed\",reason=\"\"}": 1,
        ])
    }

    /// A file that is named by what was good last, and has changed since, is not told of again and again.
    func testAFileThatIsWrongIsReadOnce() throws {
        let upstream = try ScriptedUpstream()
        folder.write("one", to: "secret")
        let settings = #"{"url": "\#(upstream.url)", "set_headers": {"X-Secret": "${file:secret}"}}"#
        let proxy = try ProxyFixture(settings, routes: #"{"path": "/a", "public": true}"#, folder: folder)
        folder.write("three", to: "secret")
        XCTAssertEqual(try proxy.reload("{").event, "reload_failed")
        // There is no event to wait for: what is wrong would be read several times a second.
        try Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(1)).awaitDeadline()
        XCTAssertLessThanOrEqual(proxy.reloads.count, 3)
        let before = proxy.reloads.count
        folder.write(
            ProxyFixture.text(settings, routes: #"{"path": "/a", "public": true}"#, signer: proxy.signer),
            to: "routes.json")
        XCTAssertEqual(try proxy.awaitReload(after: before).event, "reloaded")
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/a")).status, 200)
        XCTAssertEqual(try upstream.request(0).field("X-Secret"), "three")
    }

    func testChangesOfFilesAreSeen() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try ProxyFixture(
            upstream.url, routes: #"{"path": "/a", "public": true}"#, folder: folder)
        // A secret that is named from now on, and is not there yet.
        let more = #""upstream": {"url": "\#(upstream.url)", "set_headers": {"X-Secret": "${file:secret}"}}"#
        let text = ProxyFixture.text(upstream.url, routes: #"{"path": "/a", "public": true}"#, signer: proxy.signer)
            .replacingOccurrences(of: "\"upstream\": \"\(upstream.url)\"", with: more)
        folder.write(text, to: "routes.json")
        let failed = try proxy.awaitReload(after: 0)
        XCTAssertEqual(failed.event, "reload_failed")
        XCTAssertEqual(failed["cause"], "file")
        folder.write("one\n", to: "secret")
        XCTAssertEqual(try proxy.awaitReload(after: 1).event, "reloaded")
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/a")).status, 200)
        XCTAssertEqual(try upstream.request(0).field("X-Secret"), "one")
        folder.write("two\n", to: "secret")
        try proxy.awaitReload(after: 2)
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/a")).status, 200)
        XCTAssertEqual(try upstream.request(1).field("X-Secret"), "two")
    }
}
