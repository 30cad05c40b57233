import ProxyCore
import XCTest

final class GateTests: XCTestCase {
    private func routes() throws -> [RouteDefinition] {
        [
            try .route("GET /v2/users/{uid}", .all(["profile:read"])),
            try .route("POST /v2/users", .all(["profile:create", "profile:read"])),
            try .route("* /healthz", .public),
            try .route("GET /reports", .any(["reports:read", "admin"])),
            try .route("GET /me", .authenticated),
        ]
    }

    func testOrderOfDecision() throws {
        let gate = try GateHarness(routes())
        let reader = gate.bearer("profile:read")
        let rows: [(request: String, fields: [String], outcome: GateHarness.Outcome)] = [
            ("GET /healthz", [], .permit(route: 2, identified: false)),
            // A public route asks nobody for a token and looks at none.
            ("GET /healthz", [reader], .permit(route: 2, identified: false)),
            ("GET /healthz", ["Bearer rubbish", "Basic x"], .permit(route: 2, identified: false)),
            ("PURGE /healthz", [], .permit(route: 2, identified: false)),
            ("GET /v2/users/1", [], .refuse(.missingToken)),
            ("GET /v2/users/1", ["Basic dXNlcjpwYXNz"], .refuse(.missingToken)),
            ("GET /v2/users/1", ["Basic"], .refuse(.missingToken)),
            ("GET /v2/users/1", [reader, reader], .refuse(.invalidRequest(.severalFields))),
            ("GET /v2/users/1", ["Basic x", reader], .refuse(.invalidRequest(.severalFields))),
            ("GET /v2/users/1", ["Bearer"], .refuse(.invalidRequest(.malformed))),
            ("GET /v2/users/1", ["Bearer a b"], .refuse(.invalidRequest(.malformed))),
            ("GET /v2/users/1", ["\(reader), \(reader)"], .refuse(.invalidRequest(.malformed))),
            ("GET /v2/users/1", ["Bearer \"abc\""], .refuse(.invalidRequest(.malformed))),
            ("GET /v2/users/1", ["Bearer =abc"], .refuse(.invalidRequest(.malformed))),
            ("GET /v2/users/1", ["Bearer:abc"], .refuse(.invalidRequest(.malformed))),
            ("GET /v2/users/1", ["Bearer abc"], .refuse(.invalidToken(.malformed))),
            ("GET /v2/users/1", ["Bearer " + String(repeating: "a", count: 16_385)], .refuse(.invalidToken(.tooLong))),
            ("GET /v2/users/1", [reader], .permit(route: 0, identified: true)),
            ("HEAD /v2/users/1", [reader], .permit(route: 0, identified: true)),
            ("GET /v2/users/1/", ["bEARER" + reader.dropFirst(6)], .permit(route: 0, identified: true)),
            ("GET /v2/users/1", ["Bearer  " + reader.dropFirst(6)], .permit(route: 0, identified: true)),
            ("GET /v2/users/1?access_token=x", [], .refuse(.missingToken)),
            // Strangers cannot map the table.
            ("GET /nowhere", [], .refuse(.missingToken)),
            ("DELETE /v2/users", [], .refuse(.missingToken)),
            ("GET /nowhere", ["Bearer abc"], .refuse(.invalidToken(.malformed))),
            ("GET /nowhere", [reader], .refuse(.noRoute)),
            ("DELETE /v2/users", [reader], .refuse(.methodNotAllowed(path: 1))),
            ("POST /v2/users", [reader], .refuse(.insufficientScope(route: 1))),
            ("POST /v2/users", [gate.bearer("profile:create profile:read")], .permit(route: 1, identified: true)),
            ("POST /v2/users", [gate.bearer("PROFILE:CREATE profile:read")], .refuse(.insufficientScope(route: 1))),
            ("GET /reports", [reader], .refuse(.insufficientScope(route: 3))),
            ("GET /reports", [gate.bearer("admin other")], .permit(route: 3, identified: true)),
            ("GET /me", [gate.bearer("")], .permit(route: 4, identified: true)),
            ("GET /me", [gate.bearer("", expiry: 1_600_000_000)], .refuse(.invalidToken(.expired))),
            // PITFALLS of the neighbours: the query, a prefix, a segment's boundary.
            ("GET /nowhere?x=/healthz", [], .refuse(.missingToken)),
            ("GET /healthz?x=/me", [], .permit(route: 2, identified: false)),
            ("GET /healthz-2", [reader], .refuse(.noRoute)),
            ("GET /healthz/x", [reader], .refuse(.noRoute)),
        ]
        for row in rows {
            let outcome = gate.outcome(row.request, row.fields)
            XCTAssertEqual(outcome, row.outcome, "\(row.request) \(row.fields)")
        }
    }

    func testMissingScopesForTheLog() throws {
        let gate = try GateHarness(routes())
        for (request, scopes, missing) in [
            ("POST /v2/users", "profile:read", "profile:create"), ("POST /v2/users", "", "profile:create profile:read"),
            ("GET /reports", "profile:read", "reports:read admin"),
        ] {
            let refusal = gate.judge(request, fields: [gate.bearer(scopes)]) { verdict -> Refusal? in
                if case .refuse(let refusal) = consume verdict { refusal } else { nil }
            }
            XCTAssertEqual(refusal?.missingScopes(gate.gate.policy.table), missing)
            XCTAssertEqual(refusal?.caller?.clientID, Array("client-1".utf8))
        }
    }

    func testARememberedTokenIsJudgedAnew() throws {
        let gate = try GateHarness(routes())
        let token = gate.bearer("profile:read")
        for _ in 0..<3 { XCTAssertEqual(gate.judge("GET /v2/users/1", token), .permit(route: 0, identified: true)) }
        XCTAssertEqual(gate.gate.cache.hits, 2)
        XCTAssertEqual(gate.judge("POST /v2/users", token), .refuse(.insufficientScope(route: 1)))
        let skewed = UnixTime(1_700_000_429)
        XCTAssertEqual(gate.judge("GET /v2/users/1", token, now: skewed), .permit(route: 0, identified: true))
        let late = UnixTime(1_700_000_430)
        XCTAssertEqual(gate.judge("GET /v2/users/1", token, now: late), .refuse(.invalidToken(.expired)))
    }

    func testATokenIsForgottenWithItsKey() throws {
        let gate = try GateHarness(routes())
        let token = gate.bearer("profile:read")
        XCTAssertEqual(gate.judge("GET /v2/users/1", token), .permit(route: 0, identified: true))
        gate.gate.install(try TestSigner(.p256, keyID: "key-2").keySet, issuer: 0)
        XCTAssertEqual(gate.gate.cache.count, 0)
        XCTAssertEqual(gate.judge("GET /v2/users/1", token, mayAwaitKeys: true), .awaitKeys(0))
        XCTAssertEqual(
            gate.judge("GET /v2/users/1", token, mayAwaitKeys: false), .refuse(.invalidToken(.noMatchingKey)))
        gate.gate.install(try gate.signer.keySet, issuer: 0)
        XCTAssertEqual(gate.judge("GET /v2/users/1", token), .permit(route: 0, identified: true))
    }

    func testWithoutKeys() throws {
        let gate = try GateHarness(routes(), withKeys: false)
        let token = gate.bearer("profile:read")
        XCTAssertEqual(gate.judge("GET /v2/users/1", token), .refuse(.keysUnavailable(issuer: 0)))
        XCTAssertEqual(gate.judge("GET /healthz", token), .permit(route: 2, identified: false))
        XCTAssertEqual(
            gate.judge("GET /v2/users/1", gate.bearer("", expiry: 1)), .refuse(.invalidToken(.expired)),
            "what is refused anyway does not wait for keys")
    }

    func testClaimConditions() throws {
        let tenant = try XCTUnwrap(ClaimPath(dotted: "tenant"))
        let tier = try XCTUnwrap(ClaimPath(dotted: "plan.tier"))
        let gate = try GateHarness([
            .route("GET /t/{tenant}/{rest...}", .all(["read"])) { route in
                route.claims = [ClaimCondition(claim: tenant, expectation: .parameter("tenant"))]
            },
            .route("GET /gold", .authenticated) { route in
                route.claims = [ClaimCondition(claim: tier, expectation: .value("gold"))]
            },
        ])
        let rows: [(String, String, GateHarness.Outcome)] = [
            ("GET /t/acme/x", #""tenant":"acme""#, .permit(route: 0, identified: true)),
            ("GET /t/Acme/x", #""tenant":"acme""#, .refuse(.claimMismatch(route: 0))),
            ("GET /t/acme/x", #""tenant":"other""#, .refuse(.claimMismatch(route: 0))),
            ("GET /t/acme/x", "", .refuse(.claimMismatch(route: 0))),
            ("GET /t/42", #""tenant":42"#, .permit(route: 0, identified: true)),
            ("GET /t/42", #""tenant":42.0"#, .permit(route: 0, identified: true)),
            ("GET /t/042", #""tenant":42"#, .refuse(.claimMismatch(route: 0))),
            ("GET /t/1.5", #""tenant":1.5"#, .refuse(.claimMismatch(route: 0))),
            ("GET /t/true", #""tenant":true"#, .refuse(.claimMismatch(route: 0))),
            ("GET /t/acme", #""tenant":["acme"]"#, .refuse(.claimMismatch(route: 0))),
            ("GET /t/null", #""tenant":null"#, .refuse(.claimMismatch(route: 0))),
            // The readings are different tenants.
            ("GET /t/%61cme/x", #""tenant":"acme""#, .refuse(.ambiguousPath)),
            ("GET /t/%61cme/x", #""tenant":"%61cme""#, .refuse(.ambiguousPath)),
            ("GET /t/acme;x/y", #""tenant":"acme""#, .refuse(.ambiguousPath)),
            ("GET /t/acme/a%20b", #""tenant":"acme""#, .permit(route: 0, identified: true)),
            ("GET /t/acme/../other/x", #""tenant":"acme""#, .refuse(.ambiguousPath)),
            ("GET /t/other/..%2Facme/x", #""tenant":"acme""#, .refuse(.ambiguousPath)),
            ("GET /gold", #""plan":{"tier":"gold"}"#, .permit(route: 1, identified: true)),
            ("GET /gold", #""plan.tier":"gold""#, .permit(route: 1, identified: true)),
            ("GET /gold", #""plan":{"tier":"Gold"}"#, .refuse(.claimMismatch(route: 1))),
            ("GET /gold", #""plan":"gold""#, .refuse(.claimMismatch(route: 1))),
        ]
        for (request, claims, outcome) in rows {
            XCTAssertEqual(gate.judge(request, gate.bearer("read", claims)), outcome, "\(request) \(claims)")
        }
        XCTAssertEqual(
            gate.judge("GET /t/acme", gate.bearer("", #""tenant":"other""#)), .refuse(.claimMismatch(route: 0)),
            "claims come before scopes")
        XCTAssertEqual(
            gate.judge("GET /t/acme", gate.bearer("", #""tenant":"acme""#)), .refuse(.insufficientScope(route: 0)))
    }
}
