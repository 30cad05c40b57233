import ProxyCore
import Synchronization
import XCTest

/// The service's own calls: where they go, and what they carry.
final class EgressTests: ProxyTestCase {
    func testACallCarriesTheTargetsTokenAndNothingElse() throws {
        let tokens = try TokenServer()
        let target = try ScriptedUpstream()
        let egress = try EgressFixture(EgressFixture.target(target, tokens))
        let answer = try egress.get(
            "/v2/orders?x=1", "Authorization: Basic c2VydmljZTpwYXNz", "authorization: Bearer stolen",
            "Proxy-Authorization: Basic eA==", "X-Api: y", "Connection: X-Hop", "X-Hop: 1", "X-Request-Id: mine",
            "X-Auth-Subject: kept")
        XCTAssertEqual(answer.status, 200)
        let request = target.requests[0]
        XCTAssertEqual(request.startLine, "GET /v2/orders?x=1 HTTP/1.1")
        XCTAssertEqual(request.fields("Authorization"), ["Bearer token-1"])
        XCTAssertEqual(request.fields("Host"), ["api.test"])
        XCTAssertEqual(request.field("X-Api"), "y")
        XCTAssertEqual(request.field("X-Request-Id"), "mine")
        XCTAssertEqual(request.field("X-Auth-Subject"), "kept")
        XCTAssertNotNil(request.field("traceparent"))
        let names = request.fieldLines.map { $0.prefix { $0 != ":" }.lowercased() }
        XCTAssertFalse(names.contains { $0.hasPrefix("x-forwarded") || $0 == "x-hop" || $0 == "proxy-authorization" })
        XCTAssertFalse(String(decoding: request.bytes, as: UTF8.self).contains("stolen"))
        XCTAssertFalse(String(decoding: request.bytes, as: UTF8.self).contains("c2Vydm"))
        XCTAssertTrue(egress.upstream.requests.isEmpty)
        try egress.assertSilent(about: ["token-1", "s3cr3t", "stolen"])
    }

    func testOneTokenForAllWorkersAndCalls() throws {
        let latch = try Latch()
        let tokens = try TokenServer(latch: latch)
        let target = try ScriptedUpstream()
        let egress = try EgressFixture(EgressFixture.target(target, tokens, "\"wait_seconds\": 20"), workers: 2)
        let clients = try (0..<50).map { _ in try egress.client() }
        for client in clients { try client.send("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n") }
        try AdminClient(egress.proxy).awaitMetrics(["scopeproxy_egress_calls_waiting": 50])
        XCTAssertEqual(target.requests.count, 0)
        latch.open()
        for client in clients { XCTAssertEqual(try client.response().status, 200) }
        XCTAssertEqual(tokens.requests.count, 1)
        XCTAssertEqual(Set(target.requests.map { $0.field("Authorization") ?? "" }), ["Bearer token-1"])
        XCTAssertEqual(target.requests.count, 50)
    }

    func testCallsForNobodyAreRefused() throws {
        let tokens = try TokenServer()
        let target = try ScriptedUpstream()
        let prefix = """
            {"path_prefix": "/stock", "upstream": "\(target.url)", "token": {"token_endpoint": "\(tokens.url)",
             "client_id": "stock", "client_secret": "${SECRET}", "scope": "stock:read"}}
            """
        let egress = try EgressFixture(EgressFixture.target(target, tokens) + ", " + prefix)
        let table: [(String, String, Int)] = [
            ("other.test", "/", 421), ("evil.test", "/stock", 421), ("127.0.0.1:1", "/", 421),
            ("127.0.0.1:1", "/stocks", 421), ("api.test", "/stock", 200), ("127.0.0.1:9100", "/stock/7?x", 200),
            ("localhost", "/stock", 200),
        ]
        for (host, path, status) in table {
            let answer = try egress.call("GET \(path) HTTP/1.1\r\nHost: \(host)\r\nAuthorization: Bearer x\r\n\r\n")
            XCTAssertEqual(answer.status, status, "\(host) \(path)")
            if status == 421 { XCTAssertEqual(answer.code, "no_target") }
        }
        XCTAssertEqual(target.requests.map(\.target), ["/stock", "/stock/7?x", "/stock"])
        // By a prefix the target is called by its own name, and the prefix stays.
        let own = "127.0.0.1:\(target.port)"
        XCTAssertEqual(target.requests.map { $0.field("Host") }, ["api.test", own, own])
        let line = try egress.proxy.log.entries.await("line") { $0["reason"] == "no_target" }
        XCTAssertEqual(line.event, "outgoing_call")
        let good = try egress.proxy.log.entries.await("line") {
            $0["target"] == "/stock" && $0.event == "outgoing_call"
        }
        XCTAssertEqual(good.number("status"), 200)
    }

    /// A page can call this machine by its own name; it cannot hide that it does.
    func testPagesInABrowserAreRefused() throws {
        let tokens = try TokenServer()
        let target = try ScriptedUpstream()
        let egress = try EgressFixture(
            """
            {"path_prefix": "/stock", "upstream": "\(target.url)", "token": {"token_endpoint": "\(tokens.url)",
             "client_id": "stock", "client_secret": "${SECRET}"}}
            """)
        for field in ["Origin: https://evil.test", "origin: null", "Sec-Fetch-Site: cross-site", "sec-fetch-site: none"]
        {
            let call = "GET /stock HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: x\r\n\(field)\r\n\r\n"
            let answer = try egress.call(call)
            XCTAssertEqual(answer.status, 403, field)
            XCTAssertEqual(answer.code, "from_browser", field)
        }
        XCTAssertEqual(try egress.call("GET /stock HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Origin: x\r\n\r\n").status, 200)
        XCTAssertEqual(target.requests.count, 1)
    }

    func testTheSameStrictnessAsForCallers() throws {
        let tokens = try TokenServer()
        let target = try ScriptedUpstream()
        let egress = try EgressFixture(EgressFixture.target(target, tokens))
        XCTAssertEqual(try egress.get().status, 200)
        let table = [
            "GET / HTTP/1.1\r\nHost: api.test\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: api.test\r\nHost: api.test\r\n\r\n",
            "GET http://other.test/ HTTP/1.1\r\nHost: api.test\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: api.test\r\nX : y\r\n\r\n",
        ]
        for request in table { XCTAssertEqual(try egress.call(request).status, 400, request) }
        XCTAssertEqual(try egress.call("CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n\r\n").status, 405)
        XCTAssertEqual(target.requests.count, 1)
    }

    func testBodiesAndTrailers() throws {
        let tokens = try TokenServer()
        let target = try ScriptedUpstream()
        let egress = try EgressFixture(EgressFixture.target(target, tokens))
        let head = "POST / HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n"
        let answer = try egress.call(head + "3\r\nabc\r\n0\r\nX-Sum: 1\r\nX-Auth-Subject: 2\r\n\r\n")
        XCTAssertEqual(answer.status, 200)
        XCTAssertEqual(target.requests[0].text, "abc")
        XCTAssertEqual(target.requests[0].trailers, "X-Sum: 1\r\nX-Auth-Subject: 2\r\n")
        let refused = try egress.call(head + "3\r\nabc\r\n0\r\nAuthorization: Bearer stolen\r\n\r\n")
        XCTAssertEqual(refused.status, 400)
        let large = String(repeating: "x", count: 300_000)
        XCTAssertEqual(try egress.call(RequestText.of("PUT", "/big", body: large)).status, 200)
        XCTAssertEqual(target.requests[1].body.count, 300_000)
    }

    func testWhatTheTargetIsToldBeside() throws {
        let tokens = try TokenServer()
        let target = try ScriptedUpstream()
        let upstream = """
            {"url": "\(target.url)", "host_header": "upstream", "set_headers": {"X-Key": "k"}}
            """
        let text = EgressFixture.target("URL", tokens.url).split(separator: "\"URL\"").joined(separator: upstream)
        let egress = try EgressFixture(text)
        XCTAssertEqual(try egress.get("/", "x_key: mine").status, 200)
        XCTAssertEqual(target.requests[0].field("Host"), "127.0.0.1:\(target.port)")
        XCTAssertEqual(target.requests[0].fields("X-Key"), ["k"])
        XCTAssertNil(target.requests[0].field("x_key"))
    }

    func testATargetOverTLSAndAUnixSocket() throws {
        let tokens = try TokenServer()
        let directory = TemporaryDirectory()
        let certificates = TestCertificates()
        let identity = try certificates.identity(.server, ["localhost"])
        let secure = try ScriptedUpstream(tls: TLSServerContext(identities: [identity], tickets: TicketKeyRing()))
        let local = try ScriptedUpstream(on: .unix(path: directory.path("s")))
        let ca = directory.write(String(decoding: certificates.authority.pem, as: UTF8.self), to: "ca.pem")
        let token = """
            "token": {"token_endpoint": "\(tokens.url)", "client_id": "a", "client_secret": "${SECRET}"}
            """
        let egress = try EgressFixture(
            """
            {"host": "tls.test", "upstream": {"url": "https://localhost:\(secure.port)", "tls": {"ca_file": "\(ca)"}},
             \(token)},
            {"host": "unix.test", "upstream": "\(local.url)", \(token)}
            """)
        for (host, target) in [("tls.test", secure), ("unix.test", local)] {
            XCTAssertEqual(try egress.call("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n").status, 200)
            XCTAssertEqual(target.requests.count, 1)
            XCTAssertTrue(target.requests[0].field("Authorization")?.hasPrefix("Bearer token-") ?? false)
        }
        XCTAssertEqual(tokens.requests.count, 2)
    }

    func testAWebSocketConnectionBeginsWithTheToken() throws {
        let tokens = try TokenServer()
        let target = try ScriptedUpstream { talk in
            guard try talk.nextRequest() != nil else { return }
            try talk.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
            try talk.send(talk.connection.read(5))
            try talk.awaitEnd()
        }
        let egress = try EgressFixture(EgressFixture.target(target, tokens))
        let client = try egress.client()
        try client.send(
            "GET /ws HTTP/1.1\r\nHost: api.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
        XCTAssertEqual(try client.responseHead().status, 101)
        XCTAssertEqual(target.requests[0].fields("Authorization"), ["Bearer token-1"])
        try client.send("hello")
        XCTAssertEqual(try client.read(5), Array("hello".utf8))
    }

    func testMetricsAndPages() throws {
        let tokens = try TokenServer()
        let target = try ScriptedUpstream()
        let egress = try EgressFixture(EgressFixture.target(target, tokens, "\"id\": \"orders\""))
        XCTAssertEqual(try egress.get().status, 200)
        XCTAssertEqual(try egress.call("GET / HTTP/1.1\r\nHost: x\r\n\r\n").status, 421)
        let admin = try AdminClient(egress.proxy)
        let scrape = try admin.awaitMetrics([
            "scopeproxy_egress_calls_total{target=\"orders\",decision=\"allowed\",reason=\"\"}": 1,
            "scopeproxy_egress_calls_total{target=\"\",decision=\"refused\",reason=\"no_target\"}": 1,
            "scopeproxy_egress_token_fetches_total{target=\"orders\"}": 1,
        ])
        XCTAssertGreaterThan(scrape["scopeproxy_egress_token_expires_seconds{target=\"orders\"}"] ?? 0, 3500)
        XCTAssertEqual(scrape.sum("scopeproxy_requests_total"), 0)
        let page = try admin.answer("/tokens")
        let row = try XCTUnwrap(page.json("targets")?.elements.first)
        XCTAssertEqual(row["target"]?.string, "orders")
        XCTAssertEqual(row["state"]?.string, "valid")
        XCTAssertNotNil(row["expires"]?.string)
        XCTAssertFalse(page.text.contains("token-1"))
        XCTAssertEqual(try admin.answer("/readyz").status, 200)
    }

    func testCallsGoOnWhileCallersAreServedToTheirEnd() throws {
        let tokens = try TokenServer()
        let target = try ScriptedUpstream()
        let latch = try Latch()
        let application = try ScriptedUpstream { talk in
            while try talk.nextRequest() != nil {
                latch.pass()
                try talk.answer()
            }
        }
        let egress = try EgressFixture(EgressFixture.target(target, tokens), upstream: application)
        let caller = try egress.proxy.client()
        try caller.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = try application.request(0)
        egress.proxy.server.drain()
        try AdminClient(egress.proxy).answer("/readyz") { $0.status == 503 }
        XCTAssertEqual(try egress.get().status, 200)
        latch.open()
        XCTAssertEqual(try caller.response().status, 200)
        try egress.proxy.awaitEnd()
    }
}

extension EgressFixture {
    /// Stops the proxy, and looks whether its log holds any of these texts.
    func assertSilent(about texts: [String], line: UInt = #line) throws {
        proxy.stop()
        for entry in proxy.log.entries.values {
            for text in texts { XCTAssertFalse(entry.text.contains(text), entry.text, line: line) }
        }
    }
}
