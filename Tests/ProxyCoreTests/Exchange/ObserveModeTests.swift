import ProxyCore
import XCTest

/// `mode: observe` decides and logs, and refuses nothing for lack of a token or scope.
final class ObserveModeTests: XCTestCase {
    private static let routes = """
        {"id": "read", "methods": ["GET"], "path": "/v2/users/{uid}", "scopes": ["profile:read"]},
        {"id": "tenant", "path": "/tenants/{tenant}", "scopes": ["profile:read"], "claims": {"tenant": "{tenant}"}},
        {"id": "strict", "path": "/strict", "scopes": ["profile:read"], "mode": "enforce"},
        {"id": "health", "path": "/healthz", "public": true}
        """

    func testGlobally() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try ProxyFixture(upstream.url, routes: Self.routes, "\"mode\": \"observe\"")
        let good = proxy.token()
        let expired = proxy.token(proxy.claims.with("exp", "1000"))
        let poor = proxy.token("x")
        typealias Row = (request: String, observed: String?, missing: String?, client: String?)
        let rows: [Row] = [
            (RequestText.of("GET", "/v2/users/7"), "missing_token", nil, nil),
            (RequestText.of("GET", "/v2/users/7", token: expired), "expired", nil, nil),
            (RequestText.of("GET", "/v2/users/7", "Authorization: Bearer"), "malformed_authorization", nil, nil),
            (RequestText.of("GET", "/v2/users/7", token: poor), "insufficient_scope", "profile:read", "client-1"),
            (RequestText.of("GET", "/tenants/acme", token: good), "claim_mismatch", nil, "client-1"),
            (RequestText.of("GET", "/unknown", token: good), "no_route", nil, "client-1"),
            (RequestText.of("GET", "/unknown"), "missing_token", nil, nil),
            (RequestText.of("DELETE", "/v2/users/7", token: good), "method_not_allowed", nil, "client-1"),
            (RequestText.of("GET", "/v2/users/7", token: good), nil, nil, "client-1"),
            (RequestText.of("GET", "/healthz"), nil, nil, nil),
        ]
        let client = try proxy.client()
        for (number, row) in rows.enumerated() {
            try client.send(row.request.replacing("Host: api.test", with: "Host: api.test\r\nX-Auth-Subject: spoofed"))
            XCTAssertEqual(try client.response().status, 200, row.request)
            let forwarded = upstream.requests[number]
            let isVouchedFor = row.observed == nil && row.client != nil
            XCTAssertEqual(forwarded.field("X-Auth-Subject"), isVouchedFor ? "service-1" : nil, row.request)
            XCTAssertEqual(forwarded.head.contains("X-Auth-"), isVouchedFor, row.request)
            XCTAssertNil(forwarded.field("Authorization"))
            let log = try proxy.logged(id: forwarded.field("X-Request-Id"))
            XCTAssertEqual(log["observed"], row.observed, row.request)
            XCTAssertEqual(log["missing_scopes"], row.missing, row.request)
            XCTAssertEqual(log["client_id"], row.client, row.request)
            XCTAssertNil(log["reason"], row.request)
            XCTAssertEqual(log.number("status"), 200)
        }
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/strict")).status, 401, "its own mode counts")
        XCTAssertEqual(upstream.requests.count, rows.count)
    }

    func testForOneRoute() throws {
        let upstream = try ScriptedUpstream()
        let routes = """
            {"id": "old", "methods": ["GET"], "path": "/old/{x}", "scopes": ["a:b"], "mode": "observe"},
            {"id": "new", "path": "/new", "scopes": ["a:b"]}
            """
        let proxy = try ProxyFixture(upstream.url, routes: routes)
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/old/1")).status, 200)
        XCTAssertEqual(try proxy.logged(path: "/old/1")["observed"], "missing_token")
        XCTAssertEqual(try proxy.logged(path: "/old/1")["route"], "old")
        XCTAssertEqual(try proxy.answer(RequestText.of("DELETE", "/old/2")).status, 200)
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/new")).status, 401)
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/unknown")).status, 401)
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/unknown", token: proxy.token())).status, 404)
        XCTAssertEqual(upstream.requests.map(\.target), ["/old/1", "/old/2"])
    }

    func testFramingAndPathsAreStillRefused() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try ProxyFixture(
            upstream.url, routes: Self.routes, "\"mode\": \"observe\", \"limits\": {\"body_bytes\": 10}")
        let token = proxy.token()
        let rows: [(request: String, status: Int)] = [
            (RequestText.of("GET", "/v2/users/%00", token: token), 400),
            (RequestText.of("GET", "/v2/users/%zz"), 400), (RequestText.of("GET", "/v2/users/a#b"), 400),
            (RequestText.of("GET", "/v2/users/a%2Fb", token: token), 400),
            (RequestText.of("GET", "/v2/users/../../strict"), 401), (RequestText.of("GET", "/healthz/../strict"), 401),
            (RequestText.of("GET", "/v2/users/../../strict", token: token), 400),
            (RequestText.of("GET", "/healthz/../strict", token: token), 400),
            (RequestText.of("GET", "/v2/users/7", "Content-Length: 1", "Transfer-Encoding: chunked"), 400),
            (RequestText.of("GET", "/v2/users/7", "X : 1"), 400), (RequestText.of("TRACE", "/v2/users/7"), 501),
            (RequestText.of("POST", "/unknown", body: "more than ten"), 413),
        ]
        for row in rows { XCTAssertEqual(try proxy.answer(row.request).status, row.status, row.request) }
        XCTAssertEqual(upstream.connections, 0)
    }

    /// What is only observed must not make anybody wait, nor anything be fetched.
    func testUnknownAndMissingKeysAreNotWaitedFor() throws {
        let upstream = try ScriptedUpstream()
        let asked = Recorder<Int>()
        let keys = try ScriptedServer { request in
            asked.record(request.number)
            return [.hang]
        }
        let issuer = ProxyFixture.issuer(
            "\"jwks_uri\": \"http://127.0.0.1:\(keys.port)/jwks\", \"key_refresh\": {\"fetch_timeout_seconds\": 60}")
        let proxy = try ProxyFixture(upstream.url, routes: Self.routes, "\"mode\": \"observe\"", issuers: issuer)
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/v2/users/7", token: proxy.token())).status, 200)
        XCTAssertEqual(try proxy.logged(path: "/v2/users/7")["observed"], "keys_unavailable")
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/strict", token: proxy.token())).status, 503)
        try asked.await { _ in true }
        XCTAssertEqual(keys.connections, 1, "the fetch at the start")
    }
}
