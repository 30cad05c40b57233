import ProxyCore
import XCTest

/// What is wrong with a request in two ways is answered for the earlier one: framing, path, token, route, claims,
/// scopes.
final class DecisionOrderTests: XCTestCase {
    private static let routes = """
        {"id": "read", "methods": ["GET"], "path": "/v2/users/{uid}", "scopes": ["profile:read"]},
        {"id": "tenant", "methods": ["GET"], "path": "/tenants/{tenant}", "scopes": ["admin"],
         "claims": {"tenant": "{tenant}"}},
        {"id": "health", "path": "/healthz", "public": true}
        """

    private var upstream: ScriptedUpstream!
    private var proxy: ProxyFixture!

    override func setUpWithError() throws {
        upstream = try ScriptedUpstream()
        proxy = try ProxyFixture(upstream.url, routes: Self.routes, "\"limits\": {\"body_bytes\": 100}")
    }

    override func tearDown() {
        proxy = nil
        upstream = nil
    }

    func testTheEarlierFaultIsAnswered() throws {
        let token = proxy.token()
        let expired = proxy.token(proxy.claims.with("exp", "1000"))
        let twoLengths = "Transfer-Encoding: chunked\r\nContent-Length: 3"
        let framed = "content_length_with_transfer_encoding"
        let twice = "several_authorization_fields"
        let rows: [(request: String, status: Int, reason: String)] = [
            // Framing before everything.
            (RequestText.of("GET", "/v2/users/%00", twoLengths), 400, framed),
            (RequestText.of("GET", "/nowhere", token: expired, twoLengths), 400, framed),
            (RequestText.of("TRACE", "/v2/users/7"), 501, "trace_method"),
            // The path before the token.
            (RequestText.of("GET", "/v2/users/%00"), 400, "encoded_control_in_path"),
            (RequestText.of("GET", "/v2/users/%", token: expired), 400, "invalid_percent_encoding"),
            (RequestText.of("GET", "/v2/users/%", "Authorization: Bearer"), 400, "invalid_percent_encoding"),
            // Credentials before the token's content, and the token before the route.
            (RequestText.of("GET", "/nowhere", token: expired, "Authorization: Basic x"), 400, twice),
            (RequestText.of("GET", "/nowhere", token: expired), 401, "expired"),
            (RequestText.of("DELETE", "/v2/users/7", token: expired), 401, "expired"),
            (RequestText.of("GET", "/v2/users/a%2Fb", token: expired), 401, "expired"),
            // The method before claims and scopes, claims before scopes.
            (RequestText.of("DELETE", "/tenants/acme", token: token), 405, "method_not_allowed"),
            (RequestText.of("GET", "/tenants/acme", token: token), 403, "claim_mismatch"),
            (tenant("\"acme\""), 403, "insufficient_scope"),
            // The decision before the size of the body.
            (RequestText.of("GET", "/v2/users/7", "Content-Length: 1000"), 401, "missing_token"),
            (RequestText.of("GET", "/v2/users/7", token: token, "Content-Length: 1000"), 413, "content_too_large"),
        ]
        for row in rows {
            let response = try proxy.answer(row.request)
            XCTAssertEqual(response.status, row.status, row.request)
            XCTAssertEqual(try proxy.logged(id: response.field("X-Request-Id"))["reason"], row.reason, row.request)
        }
        proxy.stop()
        try upstream.awaitQuiet()
        XCTAssertEqual(upstream.connections, 1, "the one of awaitQuiet")
        XCTAssertEqual(upstream.received.flatMap { $0 }, [])
    }

    func testStrangersCannotMapTheTable() throws {
        let targets = ["/v2/users/7", "/nowhere", "/tenants/acme", "/v2/users/a%2Fb", "/V2/Users/7", "/healthz/x", "//"]
        let requests = targets.flatMap { target in ["GET", "DELETE", "OPTIONS", "BREW"].map { ($0, target) } }
        let stale = proxy.token(proxy.claims.with("exp", "1000"))
        for credentials in ["X-None: 1", "Authorization: Basic dTpw", "Authorization: Bearer \(stale)"] {
            let answers = try requests.map { method, target in
                try withoutChance(proxy.answer(RequestText.of(method, target, credentials)))
            }
            XCTAssertEqual(Set(answers).count, 1, "\(Set(answers))")
            XCTAssertTrue(answers[0].hasPrefix("HTTP/1.1 401 "), answers[0])
        }
    }

    func testAPublicRouteAsksForNoTokenAndLooksAtNone() throws {
        let rows = [
            RequestText.of("GET", "/healthz"), RequestText.of("GET", "/healthz", "Authorization: Bearer"),
            RequestText.of("GET", "/healthz", "Authorization: Bearer a.b.c", "Authorization: Basic x"),
            RequestText.of("GET", "/healthz", token: proxy.token()),
        ]
        for (number, request) in rows.enumerated() {
            XCTAssertEqual(try proxy.answer(request).status, 200, request)
            let forwarded = upstream.requests[number]
            XCTAssertFalse(forwarded.head.lowercased().contains("x-auth-"), forwarded.head)
            XCTAssertNil(forwarded.field("Authorization"))
        }
    }

    func testTheHealthRouteHasNoOtherWayIn() throws {
        // A caller's fields change no decision (oauth2-proxy's CVE-2026-34457, Envoy's CVE-2023-27487).
        let fields = [
            "User-Agent: GoogleHC/1.0", "X-Original-URL: /healthz", "X-Rewrite-URL: /healthz",
            "X-Forwarded-Uri: /healthz", "X-Envoy-Original-Path: /healthz", "X-HTTP-Method-Override: GET",
            "X-Forwarded-Prefix: /healthz", "X-Forwarded-Method: GET",
        ]
        for field in fields {
            XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/v2/users/7", field)).status, 401, field)
            XCTAssertEqual(
                try proxy.answer(RequestText.of("DELETE", "/v2/users/7", token: proxy.token(), field)).status, 405,
                field)
        }
        XCTAssertEqual(upstream.requests.count, 0)
    }

    private func tenant(_ value: String) -> String {
        RequestText.of("GET", "/tenants/acme", token: proxy.token(proxy.claims.with("tenant", value)))
    }

    /// The response without what differs from one to the next.
    private func withoutChance(_ response: RawResponse) -> String {
        let id = response.field("X-Request-Id") ?? ""
        let date = response.field("Date") ?? ""
        return (response.head + response.text).replacing(id, with: "ID").replacing(date, with: "DATE")
    }
}
