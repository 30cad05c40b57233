import ProxyCore
import XCTest

/// Keys that come, go and cannot be had, as callers see it.
final class KeyLifeTests: XCTestCase {
    private static let routes = #"{"path": "/{path...}", "authenticated": true}"#

    private let first = TestSigner(keyID: "first")
    private let second = TestSigner(keyID: "second")
    private var upstream: ScriptedUpstream!

    override func setUpWithError() throws { upstream = try ScriptedUpstream() }

    override func tearDown() { upstream = nil }

    // MARK: - Keys that change

    func testANewKeyIsAcceptedOnItsFirstRequest() throws {
        let keys = try KeyServer(first)
        let proxy = try start(keys.issuer())
        try awaitKeys(proxy)
        keys.publish(first, second)
        XCTAssertEqual(try call(proxy, second).status, 200)
        XCTAssertEqual(try call(proxy, first).status, 200)
        XCTAssertEqual(keys.fetches, 2)
        XCTAssertEqual(upstream.connections, 1)
    }

    func testACachedTokenEndsWithItsKey() throws {
        // Taken out of the set, or replaced by another key under its name.
        for (replacement, reason) in [(nil, "no_matching_key"), (TestSigner(keyID: "first"), "bad_signature")] {
            let keys = try KeyServer(first)
            let proxy = try start(keys.issuer())
            try awaitKeys(proxy)
            let token = proxy.token(proxy.claims, signer: first)
            XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/x", token: token)).status, 200)
            if let replacement { keys.publish(replacement, second) } else { keys.publish(second) }
            XCTAssertEqual(try call(proxy, second).status, 200)
            let response = try proxy.answer(RequestText.of("GET", "/x", token: token))
            XCTAssertEqual(response.status, 401)
            XCTAssertEqual(try proxy.logged(id: response.field("X-Request-Id"))["reason"], reason)
        }
    }

    func testACachedTokenExpires() throws {
        let signer = first
        let issuer = ProxyFixture.issuer("\"jwks\": {\"keys\": [\(signer.jwk())]}, \"clock_skew_seconds\": 0")
        let proxy = try start(issuer)
        let exp = Clock.unixTime().seconds + 2
        let request = RequestText.of(
            "GET", "/x", token: proxy.token(proxy.claims.with("exp", "\(exp)"), signer: signer))
        let client = try proxy.client()
        let response = try repeated { () -> RawResponse? in
            try client.send(request)
            let response = try client.response()
            return response.status == 200 ? nil : response
        }
        XCTAssertEqual(response.code, "invalid_token")
        XCTAssertEqual(try proxy.logged(id: response.field("X-Request-Id"))["reason"], "expired")
        XCTAssertGreaterThanOrEqual(Clock.unixTime().seconds, exp)
    }

    func testAKeyBelongsToItsIssuerAndToNoOther() throws {
        func issuer(_ name: String, _ audience: String, _ signer: TestSigner) -> String {
            """
            {"issuer": "\(name)", "audiences": ["\(audience)"], "jwks": {"keys": [\(signer.jwk())]}}
            """
        }
        let sameName = TestSigner(keyID: "first")
        let issuers = issuer("https://a.test", "api-a", first) + "," + issuer("https://b.test", "api-b", sameName)
        let proxy = try start(issuers)
        for (name, audience, signer, status) in [
            ("a", "a", first, 200), ("b", "b", sameName, 200), ("a", "a", sameName, 401), ("b", "b", first, 401),
            ("a", "b", first, 401), ("b", "a", sameName, 401),
        ] {
            let claims = proxy.claims.with("iss", "\"https://\(name).test\"").with("aud", "\"api-\(audience)\"")
            let token = proxy.token(claims, signer: signer)
            XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/x", token: token)).status, status, claims.text)
        }
    }

    // MARK: - Keys that nobody has

    func testThousandsOfRandomKidsCostAHandfulOfFetches() throws {
        let keys = try KeyServer(first)
        let proxy = try start(keys.issuer(), "\"log\": {\"level\": \"warn\"}")
        try awaitKeys(proxy)
        let payload = proxy.token(proxy.claims, signer: first).split(separator: ".").dropFirst().joined(separator: ".")
        var random = SeededRandom(seed: 3)
        let clients = try (0..<4).map { _ in try proxy.client() }
        let batch = 50
        for round in 0..<(4_000 / batch) {
            let client = clients[round % clients.count]
            let requests = (0..<batch).map { _ in
                let header = TestSigner.encode("{\"alg\":\"ES256\",\"kid\":\"\(random.next())\"}")
                return RequestText.of("GET", "/x", token: String(decoding: header, as: UTF8.self) + "." + payload)
            }
            try client.send(requests.joined())
            for _ in 0..<batch { XCTAssertEqual(try client.response().status, 401) }
        }
        XCTAssertLessThanOrEqual(keys.fetches, 3)
        XCTAssertEqual(try call(proxy, first).status, 200)
        XCTAssertEqual(upstream.connections, 1)
    }

    func testWhatIsRefusedAnywayBuysNoFetch() throws {
        let keys = try KeyServer(first)
        let proxy = try start(keys.issuer("\"cooldown_seconds\": 0"))
        try awaitKeys(proxy)
        let base = proxy.claims
        let bad = [("exp", "1000"), ("aud", "\"x\""), ("iss", "\"x\""), ("nbf", "9e9")].map(base.with)
        for claims in bad {
            XCTAssertEqual(
                try proxy.answer(RequestText.of("GET", "/x", token: proxy.token(claims, signer: second))).status, 401)
        }
        XCTAssertEqual(keys.fetches, 1)
        XCTAssertEqual(try call(proxy, second).status, 401)
        XCTAssertEqual(keys.fetches, 2)
    }

    // MARK: - A key server that is slow or away

    func testAHangingKeyServerDelaysNobodyWhoseKeyIsKnown() throws {
        let keys = try KeyServer(first)
        let proxy = try start(keys.issuer("\"wait_seconds\": 60, \"fetch_timeout_seconds\": 60"))
        try awaitKeys(proxy)
        keys.behave(.hangs)
        let waiting = try proxy.client()
        try waiting.send(RequestText.of("GET", "/waiting", token: proxy.token(proxy.claims, signer: second)))
        let client = try proxy.client()
        for number in 0..<200 {
            try client.send(RequestText.of("GET", "/\(number)", token: proxy.token(proxy.claims, signer: first)))
            XCTAssertEqual(try client.response().status, 200)
        }
        XCTAssertEqual(keys.fetches, 2)
        proxy.stop()
        XCTAssertEqual(try waiting.readToEnd().text, "", "it has waited all the time")
        XCTAssertFalse(upstream.requests.contains { $0.target == "/waiting" })
    }

    func testWaitingForAKeyEndsInItsTime() throws {
        for seconds in ["0", "0.05"] {
            let keys = try KeyServer(first)
            let proxy = try start(keys.issuer("\"wait_seconds\": \(seconds), \"fetch_timeout_seconds\": 60"))
            try awaitKeys(proxy)
            keys.behave(.hangs)
            let response = try call(proxy, second)
            XCTAssertEqual(response.status, 401)
            XCTAssertEqual(try proxy.logged(id: response.field("X-Request-Id"))["reason"], "no_matching_key")
        }
    }

    /// As after a restart: callers are there before the keys are. None of them is refused, and none asks for a fetch.
    func testRequestsWaitForTheFirstKeys() throws {
        let (latch, document) = (try Latch(), "{\"keys\":[\(first.jwk())]}")
        let keys = try ScriptedServer { _ in
            latch.pass()
            return [.send("HTTP/1.1 200 OK\r\nContent-Length: \(document.utf8.count)\r\n\r\n\(document)")]
        }
        let proxy = try start(KeyServer.issuer(keys.port, "\"wait_seconds\": 20"))
        let client = try proxy.client()
        try client.send(RequestText.of("GET", "/x", token: proxy.token(proxy.claims, signer: first)))
        // What comes later on another connection is answered later.
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/x")).status, 401)
        latch.open()
        XCTAssertEqual(try client.response().status, 200)
        XCTAssertEqual(keys.requests.count, 1)
    }

    func testAKeyServerThatIsAwayAtTheStart() throws {
        let away = try KeyServer(first)
        away.server.stop()
        let proxy = try start(KeyServer.issuer(away.server.port))
        let response = try call(proxy, first)
        XCTAssertEqual(response.status, 503)
        XCTAssertEqual(response.code, "keys_unavailable")
        XCTAssertNotNil(response.field("Retry-After"))
        let failure = try proxy.log.entries.await { $0.event == "keys_not_fetched" }
        XCTAssertEqual(failure["keys_kept"], "no")
        XCTAssertEqual(upstream.connections, 0)
        let back = try KeyServer(.publishes([first.jwk()]), port: away.server.port)
        try awaitKeys(proxy)
        XCTAssertEqual(back.fetches, 1)
    }

    func testKeysOutlastTheirServer() throws {
        let keys = try KeyServer(.publishes([first.jwk()], cacheControl: "max-age=1"))
        let proxy = try start(keys.issuer("\"min_seconds\": 1"))
        try awaitKeys(proxy)
        keys.behave(.fails)
        let failure = try proxy.log.entries.await { $0.event == "keys_not_fetched" }
        XCTAssertEqual(failure["keys_kept"], "yes")
        XCTAssertEqual(try call(proxy, first).status, 200)
    }

    func testTheDiskCopyServesAColdStart() throws {
        let folder = TemporaryDirectory()
        let keys = try KeyServer(first)
        let state = "\"state_dir\": \"\(folder.path)\""
        let warm = try start(keys.issuer(), state)
        try awaitKeys(warm)
        warm.stop()
        keys.server.stop()
        let cold = try start(keys.issuer(), state)
        try awaitKeys(cold)
        try cold.log.entries.await { $0.event == "keys_from_disk" }
        XCTAssertEqual(try call(cold, second).status, 401)
        // Another issuer's copy is not this one's.
        let issuer = keys.issuer().replacing(ClaimsText.issuer, with: "https://other.test/")
        let other = try start(issuer, state)
        try other.log.entries.await { $0.event == "keys_not_fetched" }
        let token = other.token(other.claims.with("iss", "\"https://other.test/\""), signer: first)
        XCTAssertEqual(try other.answer(RequestText.of("GET", "/x", token: token)).status, 503)
    }

    func testKeysOfAFileAreThereFromTheFirstRequestOn() throws {
        let folder = TemporaryDirectory()
        folder.write("{\"keys\":[\(first.jwk())]}", to: "keys.json")
        let proxy = try ProxyFixture(
            upstream.url, routes: Self.routes, issuers: ProxyFixture.issuer("\"jwks_file\": \"keys.json\""),
            workers: 2, file: folder.path("routes.json"))
        for _ in 0..<8 { XCTAssertEqual(try call(proxy, first).status, 200) }
    }

    // MARK: - Asking

    private func start(_ issuers: String, _ more: String = "") throws -> ProxyFixture {
        try ProxyFixture(upstream.url, routes: Self.routes, more, issuers: issuers)
    }

    private func call(_ proxy: ProxyFixture, _ signer: TestSigner) throws -> RawResponse {
        try proxy.answer(RequestText.of("GET", "/x", token: proxy.token(proxy.claims, signer: signer)))
    }

    /// Asks with the first key until the proxy has it.
    private func awaitKeys(_ proxy: ProxyFixture, line: UInt = #line) throws {
        let status = try repeated { () -> Int? in
            let status = try call(proxy, first).status
            return status == 503 ? nil : status
        }
        XCTAssertEqual(status, 200, line: line)
    }

    /// What `attempt` gives as soon as that is something, within 20 seconds.
    private func repeated<Result>(_ attempt: () throws -> Result?) throws -> Result {
        let deadline = Clock.monotonic().advanced(by: .seconds(20))
        while Clock.monotonic() < deadline {
            if let result = try attempt() { return result }
        }
        throw RawClient.Failed()
    }
}
