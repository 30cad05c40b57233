import ProxyCore
import XCTest

/// What is still under way when the token that permitted it expires.
final class ExpiryTests: ProxyTestCase {
    private static let routes = """
        {"path": "/chat/{x...}", "authenticated": true},
        {"path": "/watched/{x...}", "authenticated": true, "mode": "observe"},
        {"path": "/open/{x...}", "public": true},
        {"path": "/news", "authenticated": true, "cut_at_expiry": true},
        {"path": "/lasting", "authenticated": true}
        """

    private func openProxy(_ upstream: ScriptedUpstream, skew: Int) throws -> ProxyFixture {
        let signer = TestSigner()
        return try ProxyFixture(
            upstream.url, routes: Self.routes,
            issuers: ProxyFixture.issuer("\"clock_skew_seconds\": \(skew), \"jwks\": {\"keys\": [\(signer.jwk())]}"),
            signer: signer)
    }

    private func token(_ proxy: ProxyFixture, expiry: Int64) -> String {
        proxy.token(proxy.claims.with("exp", "\(expiry)").with("nbf", nil).with("iat", nil))
    }

    private func open(_ proxy: ProxyFixture, _ target: String, _ token: String) throws -> RawClient {
        let client = try proxy.client()
        try client.send(RequestText.webSocket(target, token: token))
        XCTAssertEqual(try client.responseHead().status, 101)
        return client
    }

    private func assertEchoes(_ client: RawClient, line: UInt = #line) throws {
        try client.send("ping", line: line)
        XCTAssertEqual(try client.read(4, line: line), Array("ping".utf8), line: line)
    }

    func testATunnelEndsWithItsToken() throws {
        let upstream = try ScriptedUpstream { talk in
            _ = try talk.nextRequest()
            try talk.switchProtocols()
            try talk.awaitEnd()
        }
        let proxy = try openProxy(upstream, skew: 0)
        let expiry = Clock.unixTime().seconds + 2
        let client = try open(proxy, "/chat/1", token(proxy, expiry: expiry))
        try client.assertClosed()
        XCTAssertGreaterThanOrEqual(Clock.unixTime().seconds, expiry)
        XCTAssertEqual(try upstream.end(), .closed)
        let entry = try proxy.logged(path: "/chat/1")
        XCTAssertEqual(entry["reason"], "token_expired")
        XCTAssertEqual(entry["client_id"], "client-1")
        try assertQuiet(proxy)
    }

    func testTheClockSkewCounts() throws {
        let upstream = try ScriptedUpstream { try $0.switchEach() }
        let proxy = try openProxy(upstream, skew: 60)
        let expiry = Clock.unixTime().seconds - 58
        let client = try open(proxy, "/chat/1", token(proxy, expiry: expiry))
        try client.assertClosed()
        XCTAssertGreaterThanOrEqual(Clock.unixTime().seconds, expiry + 60)
        XCTAssertEqual(try proxy.logged(path: "/chat/1")["reason"], "token_expired")
    }

    func testABusyTunnelEndsWithItsToken() throws {
        let upstream = try ScriptedUpstream { try $0.switchEach() }
        let proxy = try openProxy(upstream, skew: 0)
        let client = try open(proxy, "/chat/1", token(proxy, expiry: Clock.unixTime().seconds + 2))
        var echoes = 0
        while (try? client.connection.send("ping")) != nil, (try? client.connection.read(4)) != nil { echoes += 1 }
        XCTAssertGreaterThan(echoes, 0)
        XCTAssertEqual(try proxy.logged(path: "/chat/1")["reason"], "token_expired")
        client.close()
        try assertQuiet(proxy)
    }

    /// Where a token is not asked for, or only watched, its expiry ends nothing.
    func testWhatNoTokenPermittedGoesOn() throws {
        let upstream = try ScriptedUpstream { try $0.switchEach() }
        let proxy = try openProxy(upstream, skew: 0)
        let token = token(proxy, expiry: Clock.unixTime().seconds + 2)
        let watched = try open(proxy, "/watched/1", token)
        let anybody = try open(proxy, "/open/1", token)
        let client = try open(proxy, "/chat/1", token)
        try client.assertClosed()
        try assertEchoes(watched)
        try assertEchoes(anybody)
        for client in [watched, anybody] {
            client.endSending()
            try client.assertClosed()
        }
        for path in ["/watched/1", "/open/1"] { XCTAssertNil(try proxy.logged(path: path)["reason"]) }
        try assertQuiet(proxy)
    }

    /// A token for ages, and one whose end cannot be told in nanoseconds.
    func testDistantExpiries() throws {
        let upstream = try ScriptedUpstream { try $0.switchEach() }
        let proxy = try openProxy(upstream, skew: 300)
        for expiry in [Clock.unixTime().seconds + 100_000, 1 << 53] {
            let client = try open(proxy, "/chat/1", token(proxy, expiry: expiry))
            try assertEchoes(client)
            client.endSending()
            try client.assertClosed()
        }
    }

    // MARK: - Responses

    /// With `cut_at_expiry` a stream of events is broken off so that nobody takes it for whole; without, it goes on.
    func testAResponseIsCutWhereTheRouteSaysSo() throws {
        let goOn = try Latch()
        let upstream = try ScriptedUpstream { talk in
            guard let request = try talk.nextRequest() else { return }
            try talk.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
            if request.target == "/lasting" {
                goOn.pass()
                try talk.send("3\r\ntwo\r\n0\r\n\r\n")
            }
            try talk.awaitEnd()
        }
        let proxy = try openProxy(upstream, skew: 0)
        let expiry = Clock.unixTime().seconds + 2
        let token = token(proxy, expiry: expiry)
        let (lasting, news) = (try proxy.client(), try proxy.client())
        try lasting.send(RequestText.of("GET", "/lasting", token: token))
        XCTAssertEqual(try lasting.responseHead().status, 200)
        try news.send(RequestText.of("GET", "/news", token: token))
        XCTAssertEqual(try news.responseHead().status, 200)
        let (text, end) = try news.readToEnd()
        XCTAssertEqual(text, "3\r\none\r\n")
        XCTAssertEqual(end, .reset)
        XCTAssertGreaterThanOrEqual(Clock.unixTime().seconds, expiry)
        let entry = try proxy.logged(path: "/news")
        XCTAssertEqual(entry["reason"], "token_expired")
        XCTAssertEqual(entry.number("status"), 200)
        goOn.open()
        XCTAssertEqual(String(decoding: try lasting.read(21), as: UTF8.self), "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")
        XCTAssertNil(try proxy.logged(path: "/lasting")["reason"])
    }

    /// What is answered before that is an ordinary response, and its connection carries the next one.
    func testAResponseThatEndsInTimeIsNotCut() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try openProxy(upstream, skew: 0)
        let client = try proxy.client()
        for _ in 0..<3 {
            try client.send(RequestText.of("GET", "/news", token: proxy.token()))
            XCTAssertEqual(try client.response().text, "ok")
        }
    }
}
