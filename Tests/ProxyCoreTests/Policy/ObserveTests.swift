import ProxyCore
import XCTest

final class ObserveTests: XCTestCase {
    private func routes() throws -> [RouteDefinition] {
        [
            try .route("GET /a", .all(["read"])),
            try .route("GET /strict", .all(["read"])) { $0.mode = .enforce },
            try .route("GET /loose", .all(["read"])) { $0.mode = .observe },
            try .route("GET /public", .public),
            try .route("GET /x/{name}", .all(["read"])),
            try .route("GET /mixed", .all(["read"])) { $0.mode = .enforce },
            try .route("POST /mixed", .all(["read"])) { $0.mode = .observe },
            try .route("POST /open", .all(["read"])) { $0.mode = .observe },
        ]
    }

    func testObservedEverywhere() throws {
        let gate = try GateHarness(routes(), mode: .observe)
        let none = gate.bearer("")
        let rows: [(String, [String], GateHarness.Outcome)] = [
            ("GET /a", [], .observe(.missingToken, route: 0)),
            ("GET /a", ["Bearer a b"], .observe(.invalidRequest(.malformed), route: 0)),
            ("GET /a", [none, none], .observe(.invalidRequest(.severalFields), route: 0)),
            ("GET /a", ["Bearer abc"], .observe(.invalidToken(.malformed), route: 0)),
            ("GET /a", [none], .observe(.insufficientScope(route: 0), route: 0)),
            ("GET /a", [gate.bearer("read")], .permit(route: 0, identified: true)),
            ("GET /nowhere", [none], .observe(.noRoute, route: nil)),
            ("GET /nowhere", [], .observe(.missingToken, route: nil)),
            ("PUT /a", [none], .observe(.methodNotAllowed(path: 0), route: nil)),
            ("GET /public", [], .permit(route: 3, identified: false)),
            // A route of its own mode.
            ("GET /strict", [], .refuse(.missingToken)),
            ("GET /strict", [none], .refuse(.insufficientScope(route: 1))),
            ("PUT /mixed", [none], .refuse(.methodNotAllowed(path: 5))),
            // The safety of the path is no lack of token or scope.
            ("GET /a%00", [], .refuse(.invalidPath(.encodedControl))),
            ("GET /x/..%2fa", [], .refuse(.ambiguousPath)),
            ("GET //a", [], .refuse(.ambiguousPath)),
            ("GET /public/../a", [none], .refuse(.ambiguousPath)),
            ("GET /x/../strict", [], .refuse(.missingToken)),
            ("GET /x/../strict", [none], .refuse(.ambiguousPath)),
            ("GET /x/a%20b", [], .observe(.missingToken, route: 4)),
        ]
        for (request, fields, outcome) in rows {
            XCTAssertEqual(gate.outcome(request, fields), outcome, "\(request) \(fields)")
        }
    }

    func testObservedRoute() throws {
        let gate = try GateHarness(routes())
        let none = gate.bearer("")
        let rows: [(String, [String], GateHarness.Outcome)] = [
            ("GET /loose", [], .observe(.missingToken, route: 2)),
            ("GET /loose", [none], .observe(.insufficientScope(route: 2), route: 2)),
            ("PUT /loose", [none], .observe(.methodNotAllowed(path: 2), route: nil)),
            ("GET /a", [], .refuse(.missingToken)),
            ("GET /nowhere", [], .refuse(.missingToken)),
            ("GET /nowhere", [none], .refuse(.noRoute)),
            ("PUT /mixed", [none], .refuse(.methodNotAllowed(path: 5))),
            ("GET /open", [none], .observe(.methodNotAllowed(path: 6), route: nil)),
            ("GET /a/../loose", [], .refuse(.missingToken)),
            ("GET /loose/../a", [none], .refuse(.ambiguousPath)),
            ("GET /%6Coose", [none], .refuse(.ambiguousPath)),
        ]
        for (request, fields, outcome) in rows {
            XCTAssertEqual(gate.outcome(request, fields), outcome, "\(request) \(fields)")
        }
    }

    func testObservingNeverWaitsForKeys() throws {
        let gate = try GateHarness(routes(), mode: .observe, withKeys: false)
        let token = gate.bearer("read")
        XCTAssertEqual(gate.judge("GET /a", token), .observe(.keysUnavailable(issuer: 0), route: 0))
        XCTAssertEqual(gate.judge("GET /strict", token), .refuse(.keysUnavailable(issuer: 0)))
        gate.gate.install(try TestSigner(.p256, keyID: "key-2").keySet, issuer: 0)
        XCTAssertEqual(gate.judge("GET /a", token), .observe(.invalidToken(.noMatchingKey), route: 0))
        XCTAssertEqual(gate.judge("GET /strict", token), .awaitKeys(0))
    }
}
