import ProxyCore
import XCTest

/// Every row of the table of answers, through a real socket: what the caller gets, what the log says, and that nothing
/// reaches the upstream.
final class AnswerTableTests: XCTestCase {
    private typealias Row = (name: String, request: String, expected: ProblemExpectation)

    private static let routes = """
        {"id": "read", "methods": ["GET"], "path": "/v2/users/{uid}", "scopes": ["profile:read"]},
        {"id": "create", "methods": ["POST", "PUT"], "path": "/v2/users",
         "scopes": ["profile:create", "profile:read"]},
        {"id": "either", "path": "/either", "any_scope": ["a:b", "c:d"]},
        {"id": "tenant", "path": "/tenants/{tenant}", "scopes": ["profile:read"], "claims": {"tenant": "{tenant}"}},
        {"id": "me", "path": "/me", "authenticated": true, "claims": {"tier": "gold"}},
        {"id": "health", "path": "/healthz", "public": true}
        """

    private var upstream: ScriptedUpstream!
    private var proxy: ProxyFixture!

    override func setUpWithError() throws {
        upstream = try ScriptedUpstream()
        // An issuer whose key server is away, beside the one of all other tests.
        let away = try ScriptedServer { _ in [] }
        away.stop()
        let signer = TestSigner()
        let issuers = """
            \(ProxyFixture.issuer("\"jwks\": {\"keys\": [\(signer.jwk())]}")),
            {"issuer": "https://away.test/", "audiences": ["\(ClaimsText.audience)"],
             "jwks_uri": "http://127.0.0.1:\(away.port)/jwks"}
            """
        proxy = try ProxyFixture(upstream.url, routes: Self.routes, issuers: issuers, signer: signer)
    }

    override func tearDown() {
        proxy = nil
        upstream = nil
    }

    func testMissingToken() throws {
        try check([
            ("none", RequestText.of("GET", "/v2/users/7"), .missingToken(route: "read")),
            ("basic", RequestText.of("GET", "/v2/users/7", "Authorization: Basic dTpw"), .missingToken(route: "read")),
            ("another", RequestText.of("GET", "/me", "Authorization: Bearers abc"), .missingToken(route: "me")),
            ("empty", RequestText.of("GET", "/me", "Authorization:"), .missingToken(route: "me")),
            (
                "query", RequestText.of("GET", "/v2/users/7?access_token=\(proxy.token())"),
                .missingToken(route: "read")
            ),
            (
                "form",
                RequestText.of(
                    "POST", "/v2/users", "Content-Type: application/x-www-form-urlencoded",
                    body: "access_token=\(proxy.token("profile:create profile:read"))"),
                .missingToken(route: "create")
            ),
            (
                "proxy", RequestText.of("GET", "/me", "Proxy-Authorization: Bearer \(proxy.token())"),
                .missingToken(route: "me")
            ),
        ])
    }

    func testMalformedCredentials() throws {
        let token = proxy.token()
        let values = [
            "Bearer", "Bearer \(token) x", "Bearer \(token),\(token)", "Bearer \(token), Bearer \(token)",
            "Bearer =", "Bearer \(token)=x", "Bearer \u{e9}", "Bearer \"\(token)\"", "Bearer\t\(token)",
            "Bearer,Basic dTpw",
        ]
        var rows: [Row] = values.map { value in
            let request = RequestText.of("GET", "/v2/users/7", "Authorization: \(value)")
            return (value, request, .invalidRequest("malformed_authorization", route: "read"))
        }
        let pairs = [("Bearer \(token)", "Bearer \(token)"), ("Basic dTpw", "Bearer \(token)"), ("", "")]
        rows += pairs.map { first, second in
            let request = RequestText.of(
                "GET", "/v2/users/7", "Authorization: \(first)", "X-Between: 1", "authorization: \(second)")
            return ("two fields", request, .invalidRequest("several_authorization_fields", route: "read"))
        }
        try check(rows)
    }

    func testBadTokens() throws {
        let now = Clock.unixTime().seconds
        let claims: [(TokenError, ClaimsText)] = [
            (.expired, proxy.claims.with("exp", "\(now - 60)")),
            (.notYetValid, proxy.claims.with("nbf", "\(now + 600)")),
            (.issuedInFuture, proxy.claims.with("iat", "\(now + 600)")),
            (.missingExpiry, proxy.claims.with("exp", nil)),
            (.wrongAudience, proxy.claims.with("aud", "\"https://other.test\"")),
            (.unknownIssuer, proxy.claims.with("iss", "\"https://stranger.test/\"")),
            (.missingIssuer, proxy.claims.with("iss", nil)),
            (.invalidClaims, proxy.claims.with("exp", "\"\(now + 60)\"")),
            (.missingCertificate, proxy.claims.with("cnf", "{\"x5t#S256\":\"\(String(repeating: "A", count: 43))\"}")),
            (.unsupportedConfirmation, proxy.claims.with("cnf", "{\"jkt\":\"AAAA\"}")),
            // Nothing that could end a line may ever stand in a field of ours.
            (.invalidClaims, proxy.claims.with("sub", "\"a\\r\\nX-Auth-Scopes: admin\"")),
        ]
        try check(
            claims.map { error, claims in
                ("\(error) \(claims.text)", read(proxy.token(claims)), .invalidToken(error, route: "read"))
            })
    }

    func testForgedTokens() throws {
        let good = proxy.token()
        let parts = good.split(separator: ".").map(String.init)
        let header = proxy.signer.header
        func headed(_ text: String) -> String { proxy.token(proxy.claims, header: text) }
        let rows: [(TokenError, String)] = [
            (.badSignature, proxy.token(proxy.claims, signer: TestSigner(.p256, keyID: proxy.signer.keyID))),
            (.badSignature, parts[0] + "." + proxy.token("other").split(separator: ".")[1] + "." + parts[2]),
            (.noMatchingKey, proxy.token(proxy.claims, signer: TestSigner(.p256, keyID: "unknown"))),
            (.noMatchingKey, headed(header.replacing("ES256", with: "RS256"))),
            (.unsupportedAlgorithm, headed(header.replacing("ES256", with: "HS256"))),
            (.unsupportedAlgorithm, headed(header.replacing("ES256", with: "none"))),
            (.unsupportedAlgorithm, headed(header.replacing("ES256", with: "nOnE"))),
            (.criticalHeader, headed(header.replacing("{", with: "{\"crit\":[\"exp\"],"))),
            (.nestedToken, headed(header.replacing("{", with: "{\"cty\":\"JWT\","))),
            (.wrongType, headed(header.replacing("at+jwt", with: "logout+jwt"))),
            (.malformed, "abc"), (.malformed, parts[0] + "." + parts[1]), (.malformed, good + "="),
            (.encrypted, good + ".x.y"), (.tooLong, String(repeating: "a", count: 16_385)),
        ]
        try check(
            rows.map { error, token in
                ("\(error) \(token.prefix(40))", read(token), .invalidToken(error, route: "read"))
            })
    }

    func testMissingScopesAndClaims() throws {
        let either = "a:b c:d"
        func post(_ scope: String) -> String {
            RequestText.of("POST", "/v2/users", token: proxy.token(scope), body: "{}")
        }
        func tenant(_ value: String?, _ path: String = "/tenants/acme") -> String {
            RequestText.of("GET", path, token: proxy.token(proxy.claims.with("tenant", value)))
        }
        let both = "profile:create profile:read"
        let reading = ProblemExpectation.forbidden("profile:read", route: "read", missing: "profile:read")
        let mismatch = ProblemExpectation.forbidden(
            "profile:read", reason: "claim_mismatch", route: "tenant", missing: nil)
        try check([
            ("none", read(proxy.token("x")), reading), ("case", read(proxy.token("Profile:Read")), reading),
            ("empty", read(proxy.token("")), reading),
            ("one of two", post("profile:read"), .forbidden(both, route: "create", missing: "profile:create")),
            ("neither", post("profile"), .forbidden(both, route: "create", missing: both)),
            (
                "any", RequestText.of("GET", "/either", token: proxy.token("a:c")),
                .forbidden(either, route: "either", missing: either)
            ),
            (
                "no client", RequestText.of("GET", "/either", token: proxy.token(proxy.claims.with("client_id", nil))),
                .forbidden(either, route: "either", missing: either, client: "service-1")
            ),
            ("claim", tenant("\"other\""), mismatch), ("absent", tenant(nil), mismatch),
            ("null", tenant("null"), mismatch), ("prefix", tenant("\"acme\"", "/tenants/acmes"), mismatch),
            ("array", tenant("[\"acme\"]"), mismatch),
            (
                "no scope to name", RequestText.of("GET", "/me", token: proxy.token()),
                .forbidden("", reason: "claim_mismatch", route: "me", missing: nil)
            ),
        ])
    }

    func testNoRouteWrongMethodAndAmbiguity() throws {
        let token = proxy.token("profile:read")
        func call(_ method: String, _ target: String) -> String { RequestText.of(method, target, token: token) }
        let noRoute = ProblemExpectation(404, "no_route", reason: "no_route", client: "client-1")
        func notAllowed(_ allow: String) -> ProblemExpectation {
            ProblemExpectation(
                405, "method_not_allowed", allow: allow, reason: "method_not_allowed", client: "client-1")
        }
        try check([
            ("unknown", call("GET", "/v2/unknown"), noRoute), ("deeper", call("GET", "/v2/users/7/x"), noRoute),
            ("empty segment", call("GET", "/"), noRoute),
            ("delete", call("DELETE", "/v2/users/7"), notAllowed("GET, HEAD")),
            ("lower case", call("get", "/v2/users/7"), notAllowed("GET, HEAD")),
            ("get", call("GET", "/v2/users"), notAllowed("POST, PUT")),
            (
                "readings disagree", call("GET", "/v2/users/a%2Fb"),
                ProblemExpectation(
                    400, "ambiguous_path", reason: "ambiguous_path", route: "read", client: "client-1")
            ),
            (
                "bad path", call("GET", "/v2/users/%00"),
                ProblemExpectation(400, "invalid_path", reason: "encoded_control_in_path")
            ),
        ])
    }

    func testKeysUnavailable() throws {
        let token = proxy.token(proxy.claims.with("iss", "\"https://away.test/\""))
        let expected = ProblemExpectation(
            503, "keys_unavailable", retryAfter: "1", reason: "keys_unavailable", route: "read")
        try check([("away", read(token), expected)])
    }

    // MARK: - Asking

    private func read(_ token: String) -> String { RequestText.of("GET", "/v2/users/7", token: token) }

    /// Sends every request, and those with GET once more with HEAD; then holds to account what reached the upstream.
    private func check(_ rows: [Row], line: UInt = #line) throws {
        for row in rows {
            let response = try proxy.answer(row.request, line: line)
            try row.expected.check(response, proxy, row.name, line: line)
            guard row.request.hasPrefix("GET ") else { continue }
            try checkHead(row, response, line)
        }
        proxy.stop()
        try upstream.awaitQuiet()
        XCTAssertEqual(upstream.received.flatMap { $0 }, [], line: line)
        assertNoSecrets(of: rows, line)
    }

    private func checkHead(_ row: Row, _ get: RawResponse, _ line: UInt) throws {
        let client = try proxy.client()
        try client.send("HEAD" + row.request.dropFirst(3))
        let head = try client.response(to: "HEAD", line: line)
        try row.expected.check(head, proxy, "HEAD " + row.name, line: line)
        XCTAssertEqual(head.field("Content-Length"), get.field("Content-Length"), row.name, line: line)
        client.endSending()
        try client.assertClosed(line: line)
    }

    private func assertNoSecrets(of rows: [Row], _ line: UInt) {
        let secrets = Set(rows.flatMap { $0.request.split { " ,.\r\n\"=".contains($0) } }.filter { $0.count > 40 })
        XCTAssertFalse(rows.isEmpty)
        for entry in proxy.log.entries.values {
            for secret in secrets { XCTAssertFalse(entry.text.contains(secret), entry.text, line: line) }
        }
    }
}
