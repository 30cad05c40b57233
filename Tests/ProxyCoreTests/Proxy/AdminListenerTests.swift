import ProxyCore
import XCTest

/// Probes and keys, as operators see them.
final class AdminListenerTests: ProxyTestCase {
    private static let admin = #""admin": "127.0.0.1:0""#
    private static let routes = #"{"path": "/{rest...}", "authenticated": true}"#

    private func start(
        _ upstream: ScriptedUpstream, issuers: String? = nil, signer: TestSigner = TestSigner()
    ) throws -> ProxyFixture {
        try ProxyFixture(upstream.url, routes: Self.routes, Self.admin, issuers: issuers, signer: signer)
    }

    func testThereIsNoneUnlessItIsAskedFor() throws {
        let proxy = try ProxyFixture(try ScriptedUpstream().url, routes: Self.routes)
        XCTAssertNil(proxy.server.adminAddress)
    }

    func testPagesMethodsAndTypes() throws {
        let proxy = try start(try ScriptedUpstream())
        let admin = try AdminClient(proxy)
        for (path, type) in [
            ("/metrics", "text/plain; version=0.0.4; charset=utf-8"), ("/keys", "application/json"),
            ("/livez", "application/json"), ("/readyz", "application/json"), ("/readyz?verbose", "application/json"),
        ] {
            let answer = try admin.answer(path)
            XCTAssertEqual(answer.status, 200, path)
            XCTAssertEqual(answer.field("Content-Type"), type)
            XCTAssertEqual(answer.field("Cache-Control"), "no-store")
            let head = try admin.answer(path, method: "HEAD")
            XCTAssertEqual(head.status, 200, path)
            XCTAssertEqual(head.body, [])
            for method in ["POST", "DELETE", "OPTIONS"] {
                let refused = try admin.answer(path, method: method)
                XCTAssertEqual(refused.status, 405)
                XCTAssertEqual(refused.field("Allow"), "GET, HEAD")
            }
        }
        for path in ["/", "/metrics/", "/livez/x", "/Metrics", "//livez"] {
            XCTAssertEqual(try admin.answer(path).status, 404, path)
        }
    }

    /// More of them than there are places, and by far more than can be waited for one after the other.
    func testSlowHeadsKeepNoProbeOut() throws {
        let proxy = try start(try ScriptedUpstream())
        let admin = try AdminClient(proxy)
        var strangers: [RawClient] = []
        for _ in 0..<3 {
            for _ in 0..<100 {
                let stranger = try RawClient(admin.address)
                try stranger.send("GET /livez HT")
                strangers.append(stranger)
            }
            XCTAssertEqual(try admin.answer("/livez").status, 200)
        }
        let told = try proxy.log.entries.await("the warning") { $0.event == "connections_exhausted" }
        XCTAssertEqual(told.number("connections"), 32)
        for stranger in strangers { stranger.close() }
    }

    /// The pages are the admin listener's alone: to callers these are paths like any other.
    func testCallersDoNotGetThem() throws {
        let proxy = try start(try ScriptedUpstream())
        for path in ["/metrics", "/keys", "/livez", "/readyz"] {
            XCTAssertEqual(try proxy.answer(RequestText.of("GET", path)).status, 401)
        }
    }

    func testAnAddressThatIsTakenIsAnErrorOfTheStart() throws {
        let taken = try ListeningSocket(on: ScriptedUpstream.loopback, shared: false)
        var configuration = Configuration(
            listen: ScriptedUpstream.loopback, upstream: UpstreamSettings(address: .unix(path: "/nowhere")), routes: [])
        configuration.admin = taken.address
        let log = try LogCapture()
        defer { log.stop() }
        XCTAssertThrowsError(try ProxyServer.start(configuration, log: log.writer)) { error in
            let message = (error as? ProxyStartError)?.message ?? ""
            XCTAssertTrue(message.hasPrefix("cannot listen on \(taken.address): another process"), message)
            XCTAssertTrue(message.hasSuffix("change `admin`"), message)
        }
    }

    // MARK: - Readiness

    func testReadyMeansThatEveryIssuerHasHadKeys() throws {
        let keys = try KeyServer(.fails)
        let signer = TestSigner()
        let inline = ProxyFixture.issuer("\"jwks\": {\"keys\": [\(signer.jwk())]}")
        let remote = keys.issuer(#""min_seconds": 1, "default_seconds": 1"#)
            .replacing(ClaimsText.issuer, with: "https://b.test")
        let proxy = try start(try ScriptedUpstream(), issuers: inline + "," + remote, signer: signer)
        let admin = try AdminClient(proxy)
        let missing = try admin.answer("/readyz") { $0.json("status")?.string == "keys_missing" }
        XCTAssertEqual(missing.status, 503)
        XCTAssertEqual(missing.json("issuers_without_keys")?.elements.map(\.string), ["https://b.test"])
        XCTAssertEqual(try admin.answer("/livez").status, 200)
        try admin.awaitMetrics(["scopeproxy_ready": 0])
        // The next attempt is made within seconds.
        keys.behave(.publishes([TestSigner().jwk()], cacheControl: "max-age=1"))
        XCTAssertEqual(try admin.answer("/readyz") { $0.status == 200 }.json("status")?.string, "ready")
        // A refresh that fails later takes no readiness away.
        keys.behave(.fails)
        let failures = "scopeproxy_jwks_fetch_failures_total{issuer=\"https://b.test\",cause=\"status\"}"
        let before = try XCTUnwrap(try admin.scrape()[failures])
        try admin.answer("/metrics") { (Scrape($0.text)[failures] ?? 0) > before }
        XCTAssertEqual(try admin.answer("/readyz").status, 200)
        let scrape = try admin.scrape()
        XCTAssertEqual(scrape["scopeproxy_jwks_keys{issuer=\"https://b.test\"}"], 1)
        XCTAssertEqual(scrape["scopeproxy_ready"], 1)
    }

    /// The admin listener answers until the last connection has ended.
    func testADrainUnreadiesAtOnceAndIsAnsweredToItsEnd() throws {
        let goOn = try Latch()
        let upstream = try ScriptedUpstream { talk in
            while try talk.nextRequest() != nil {
                goOn.pass()
                try talk.answer()
            }
        }
        let proxy = try start(upstream)
        let admin = try AdminClient(proxy)
        XCTAssertEqual(try admin.answer("/readyz").status, 200)
        let client = try proxy.client()
        try client.send(RequestText.of("GET", "/held", token: proxy.token()))
        _ = try upstream.request(0)
        proxy.server.drain()
        let answer = try admin.answer("/readyz")
        XCTAssertEqual(answer.status, 503)
        XCTAssertEqual(answer.json("status")?.string, "draining")
        XCTAssertEqual(try admin.answer("/livez").status, 200)
        XCTAssertEqual(try admin.scrape()["scopeproxy_connections"], 1)
        goOn.open()
        XCTAssertEqual(try client.response().status, 200)
        try proxy.awaitEnd()
    }

    // MARK: - Keys

    func testKeysOfTheConfiguration() throws {
        let signer = TestSigner(keyID: #"inline \"1\""#)
        let jwks = "\"jwks\": {\"keys\": [\(signer.jwk("\"alg\":\"ES256\"")), {\"kty\": \"oct\", \"kid\": \"s\"}]}"
        let proxy = try start(try ScriptedUpstream(), issuers: ProxyFixture.issuer(jwks), signer: signer)
        let admin = try AdminClient(proxy)
        let issuer = try XCTUnwrap(try admin.answer("/keys").json("issuers")?.elements.first)
        XCTAssertEqual(issuer["issuer"]?.string, ClaimsText.issuer)
        XCTAssertEqual(issuer["source"]?.string, "inline")
        for name in ["uri", "fetched", "age_seconds", "expires", "retry", "last_error"] {
            XCTAssertEqual(issuer[name]?.kind, .null, name)
        }
        let key = try XCTUnwrap(issuer["keys"]?.elements.first)
        XCTAssertEqual(key["kid"]?.string, "inline \"1\"")
        XCTAssertEqual(["kty", "crv", "alg"].map { key[$0]?.string }, ["EC", "P-256", "ES256"])
        XCTAssertEqual(key["last_used"]?.kind, .null)
        let skipped = try XCTUnwrap(issuer["skipped"]?.elements.first)
        XCTAssertEqual(skipped["position"]?.integer, 1)
        XCTAssertEqual(skipped["why"]?.string, "a symmetric key")
    }

    func testKeysOfTheNetwork() throws {
        let signer = TestSigner(keyID: "k1")
        let keys = try KeyServer(signer)
        let upstream = try ScriptedUpstream()
        let proxy = try start(upstream, issuers: keys.issuer(#""cooldown_seconds": 0"#), signer: signer)
        let admin = try AdminClient(proxy)
        try admin.answer("/readyz") { $0.status == 200 }
        let before = Clock.unixTime()
        let fetched = try XCTUnwrap(
            try admin.answer("/keys") { $0.text.contains("\"expires\":\"20") }.json("issuers")?.elements.first)
        XCTAssertEqual(fetched["source"]?.string, "network")
        XCTAssertEqual(fetched["uri"]?.string, "http://127.0.0.1:\(keys.server.port)/jwks")
        XCTAssertLessThan(try XCTUnwrap(fetched["age_seconds"]?.integer), 60)
        XCTAssertEqual(fetched["fetched"]?.string?.count, "2026-01-01T00:00:00Z".count)
        XCTAssertEqual(fetched["last_error"]?.kind, .null)
        XCTAssertEqual(fetched["keys"]?.elements.first?["last_used"]?.kind, .null)
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/", token: proxy.token())).status, 200)
        let used = try admin.answer("/keys").json("issuers")?.elements.first?["keys"]?.elements.first?["last_used"]
        XCTAssertGreaterThanOrEqual(try XCTUnwrap(used?.string), CivilText.of(before))
        // An unknown key has the set fetched again, which fails: the keys stay, and the failure is told.
        keys.behave(.fails)
        let stranger = proxy.token(proxy.claims, signer: TestSigner(keyID: "k2"))
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/", token: stranger)).status, 401)
        let failed = try XCTUnwrap(
            try admin.answer("/keys") { $0.text.contains("\"cause\":\"status\"") }.json("issuers")?.elements.first)
        XCTAssertEqual(failed["keys"]?.elements.count, 1)
        XCTAssertEqual(failed["keys"]?.elements.first?["last_used"]?.string, used?.string)
        XCTAssertEqual(failed["last_error"]?["message"]?.string, "the server answered with status 500")
        XCTAssertNotNil(failed["last_error"]?["time"]?.string)
        XCTAssertNotNil(failed["retry"]?.string)
        let issuer = ClaimsText.issuer
        let scrape = try admin.scrape()
        XCTAssertEqual(scrape["scopeproxy_jwks_fetches_total{issuer=\"\(issuer)\"}"], 2)
        XCTAssertEqual(scrape["scopeproxy_jwks_fetch_failures_total{issuer=\"\(issuer)\",cause=\"status\"}"], 1)
        XCTAssertEqual(scrape["scopeproxy_jwks_keys{issuer=\"\(issuer)\"}"], 1)
        XCTAssertNotNil(scrape["scopeproxy_jwks_age_seconds{issuer=\"\(issuer)\"}"])
    }

    /// A time of day as `/keys` writes it.
    private enum CivilText {
        static func of(_ time: UnixTime) -> String {
            let date = CivilDate(time)
            func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
            let day = "\(date.year)-\(two(date.month))-\(two(date.day))"
            return day + "T\(two(date.hour)):\(two(date.minute)):\(two(date.second))Z"
        }
    }
}
