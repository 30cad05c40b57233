import ProxyCore
import XCTest

/// What the admin listener counts of requests over real sockets.
final class MetricsTests: ProxyTestCase {
    private static let admin = #""admin": "127.0.0.1:0""#
    private static let routes = """
        {"id": "users", "methods": ["GET"], "path": "/v2/users/{uid}", "scopes": ["profile:read"]},
        {"id": "open \\"\\\\", "path": "/open/{rest...}", "public": true},
        {"id": "watched", "path": "/watched", "scopes": ["other"], "mode": "observe"},
        {"id": "small", "path": "/small", "public": true, "limits": {"body_bytes": 3}}
        """

    func testEveryDecisionIsCountedByRouteAndReason() throws {
        let upstream = try ScriptedUpstream { talk in
            while let request = try talk.nextRequest() {
                if request.target == "/open/broken" { return }
                try talk.answer()
            }
        }
        let proxy = try ProxyFixture(upstream.url, routes: Self.routes, Self.admin)
        let admin = try AdminClient(proxy)
        var bodyBytes = 0
        func call(_ text: String, _ status: Int, line: UInt = #line) throws {
            let answer = try proxy.answer(text)
            XCTAssertEqual(answer.status, status, line: line)
            bodyBytes += answer.body.count
        }
        let expired = proxy.token(proxy.claims.with("exp", "1000"))
        try call(RequestText.of("GET", "/v2/users/7", token: proxy.token()), 200)
        try call(RequestText.of("GET", "/v2/users/8", token: proxy.token()), 200)
        try call(RequestText.of("GET", "/v2/users/7"), 401)
        try call(RequestText.of("GET", "/v2/users/7", token: expired), 401)
        try call(RequestText.of("GET", "/v2/users/7", token: proxy.token("other:scope")), 403)
        try call(RequestText.of("GET", "/nowhere", token: proxy.token()), 404)
        try call(RequestText.of("POST", "/v2/users/7", token: proxy.token()), 405)
        try call(RequestText.of("GET", "/open/x", body: "12345"), 200)
        try call(RequestText.of("GET", "/watched"), 200)
        try call(RequestText.of("POST", "/small", body: "1234"), 413)
        try call("GET /open/x HTTP/1.1\r\n\r\n", 400)
        try call(RequestText.of("GET", "/open/broken"), 502)
        let open = #"open \"\\"#
        let scrape = try admin.awaitMetrics([
            Scrape.requests("users", "allowed"): 2, Scrape.requests("users", "refused", "missing_token"): 1,
            Scrape.requests("users", "refused", "expired"): 1,
            Scrape.requests("users", "refused", "insufficient_scope"): 1,
            Scrape.requests("", "refused", "no_route"): 1, Scrape.requests(open, "allowed"): 1,
            Scrape.requests("watched", "observed", "missing_token"): 1,
            Scrape.requests("small", "rejected", "content_too_large"): 1,
            Scrape.requests("", "rejected", "missing_host"): 1,
            Scrape.requests(open, "failed", "upstream_closed"): 1,
            "scopeproxy_responses_total{code=\"2xx\"}": 4, "scopeproxy_responses_total{code=\"4xx\"}": 7,
            "scopeproxy_responses_total{code=\"5xx\"}": 1, "scopeproxy_upstream_retries_total": 1,
        ])
        XCTAssertEqual(scrape.sum("scopeproxy_requests_total"), 12)
        XCTAssertEqual(scrape[Scrape.requests("watched", "allowed")], 0, "every route is there from the start")
        XCTAssertEqual(scrape["scopeproxy_request_duration_seconds_count"], 12)
        XCTAssertEqual(scrape["scopeproxy_upstream_duration_seconds_count"], 4)
        XCTAssertEqual(scrape["scopeproxy_request_body_bytes_total"], 5)
        XCTAssertEqual(scrape["scopeproxy_response_body_bytes_total"], Double(bodyBytes))
        XCTAssertEqual(scrape["scopeproxy_connections_accepted_total"], 12)
        // The kept connection died first, and then the one of the second attempt.
        XCTAssertEqual(scrape["scopeproxy_upstream_failures_total{kind=\"upstream_closed\"}"], 2)
        XCTAssertEqual(scrape.sum("scopeproxy_upstream_failures_total"), 2)
    }

    func testTokensAndConnectionsAreCounted() throws {
        let upstream = try ScriptedUpstream()
        let more = Self.admin + #", "limits": {"token_cache_entries": 2, "connections_per_address": 1}"#
        let proxy = try ProxyFixture(upstream.url, routes: Self.routes, more)
        let admin = try AdminClient(proxy)
        let client = try proxy.client()
        let claims = proxy.claims.with("scope", "\"profile:read\"")
        let tokens = (0..<3).map { proxy.token(claims.with("sub", "\"\($0)\"")) }
        for token in tokens + [tokens[2]] {
            try client.send(RequestText.of("GET", "/v2/users/7", token: token))
            XCTAssertEqual(try client.response().status, 200)
        }
        XCTAssertEqual(try proxy.client().readToEnd().end, .closed)
        let scrape = try admin.awaitMetrics([
            "scopeproxy_token_cache_hits_total": 1, "scopeproxy_token_cache_misses_total": 3,
            "scopeproxy_token_cache_evictions_total": 1, "scopeproxy_token_cache_entries": 2,
            "scopeproxy_token_cache_entries_max": 2, "scopeproxy_connections": 1,
            "scopeproxy_connections_accepted_total": 1, "scopeproxy_connections_refused_total": 1,
            "scopeproxy_upstream_connections": 1, "scopeproxy_upstream_connections_idle": 1,
            "scopeproxy_upstream_connects_total": 1, "scopeproxy_upstream_requests_waiting": 0,
            "scopeproxy_proxy_duration_seconds_count": 4,
        ])
        XCTAssertEqual(scrape["scopeproxy_workers"], 1)
        XCTAssertEqual(scrape["scopeproxy_ready"], 1)
        XCTAssertEqual(scrape["scopeproxy_log_lines_dropped_total"], 0)
        XCTAssertGreaterThan(try XCTUnwrap(scrape["process_open_fds"]), 0)
    }

    /// A kept connection that dies under a request: the failure and the second attempt both show.
    func testARetryIsCounted() throws {
        let upstream = try ScriptedUpstream { talk in
            guard try talk.nextRequest() != nil else { return }
            try talk.answer()
            // The first connection takes one more request and drops it.
            if talk.number == 0 { _ = try talk.nextHead() } else { try talk.answerEach() }
        }
        let proxy = try ProxyFixture(upstream.url, routes: Self.routes, Self.admin)
        for _ in 0..<2 { XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/open/x")).status, 200) }
        let scrape = try AdminClient(proxy).awaitMetrics(["scopeproxy_upstream_retries_total": 1])
        XCTAssertEqual(scrape.sum("scopeproxy_upstream_failures_total"), 1)
        XCTAssertEqual(scrape["scopeproxy_upstream_connects_total"], 2)
    }

    /// Read while several workers count, it never goes back; and nothing is lost.
    func testAScrapeUnderLoadSumsUp() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try ProxyFixture(upstream.url, routes: Self.routes, Self.admin, workers: 4)
        let admin = try AdminClient(proxy)
        let (callers, rounds) = (8, 50)
        let address = proxy.server.address
        let threads = try (0..<callers).map { _ in
            try ProxyCore.Thread.start(name: "caller") {
                guard let client = try? RawClient(address) else { return }
                for _ in 0..<rounds {
                    guard (try? client.send(RequestText.of("GET", "/open/x"))) != nil else { return }
                    _ = try? client.response()
                }
            }
        }
        var last: Double = 0
        for _ in 0..<20 {
            let sum = try admin.scrape().sum("scopeproxy_requests_total")
            XCTAssertGreaterThanOrEqual(sum, last)
            last = sum
        }
        for thread in threads { thread.join() }
        try admin.awaitMetrics([
            Scrape.requests(#"open \"\\"#, "allowed"): Double(callers * rounds),
            "scopeproxy_request_duration_seconds_count": Double(callers * rounds),
            "scopeproxy_request_duration_seconds_bucket{le=\"+Inf\"}": Double(callers * rounds),
            "scopeproxy_connections_accepted_total": Double(callers),
        ])
    }

    /// Whatever callers send, nothing of it is a label.
    func testNothingThatACallerChoosesIsALabel() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try ProxyFixture(upstream.url, routes: Self.routes, Self.admin)
        let admin = try AdminClient(proxy)
        for number in 0..<20 {
            let forged = proxy.token(
                proxy.claims.with("iss", "\"https://forged\(number).test\""), signer: TestSigner(keyID: "forged"))
            let client = try proxy.client()
            try client.send(RequestText.of("FORGED\(number)", "/forged/\(number)", token: forged, "X-Forged: 1"))
            XCTAssertEqual(try client.response().status, 401)
        }
        let scrape = try admin.awaitMetrics([Scrape.requests("", "refused", "unknown_issuer"): 20])
        XCTAssertFalse(scrape.text.lowercased().contains("forged"))
        XCTAssertEqual(scrape.values.keys.filter { $0.hasPrefix("scopeproxy_requests_total") }.count, 5)
    }
}
