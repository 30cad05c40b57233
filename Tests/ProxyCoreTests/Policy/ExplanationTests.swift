import ProxyCore
import XCTest

final class ExplanationTests: XCTestCase {
    private func harness(mode: EnforcementMode = .enforce) throws -> GateHarness {
        try GateHarness(
            [
                .route("GET /public/{rest...}", .public), .route("GET /admin", .all(["admin"])),
                .route("GET /users/{uid}", .all(["read"])),
            ], mode: mode)
    }

    func testAnswers() throws {
        let harness = try harness()
        let rows: [(String, ExplainedCaller, Explanation.Answer, Int?)] = [
            ("/public/x", .nobody, .publicRoute, 0),
            ("/users/1", .nobody, .refused(.missingToken), 2),
            ("/users/1", .scopes(["read", "other"]), .permitted, 2),
            ("/users/1", .scopes([]), .refused(.insufficientScope(route: 2)), 2),
            ("/public/../admin", .scopes(["read"]), .refused(.ambiguousPath), 0),
            ("/public/%00", .scopes(["read"]), .refused(.invalidPath(.encodedControl)), nil),
            ("/nowhere", .scopes(["read"]), .refused(.noRoute), nil),
            ("/users/1", .token(Array("x y".utf8)), .refused(.invalidRequest(.malformed)), 2),
            ("/users/1", .token(Array(harness.bearer("read").dropFirst(7).utf8)), .permitted, 2),
        ]
        for (path, caller, answer, route) in rows {
            let explanation = harness.gate.explain(method: "GET", path: path, caller, now: GateHarness.now)
            XCTAssertEqual(explanation.answer, answer, path)
            XCTAssertEqual(explanation.route, route, path)
        }
        let observing = try self.harness(mode: .observe)
        let explanation = observing.gate.explain(method: "GET", path: "/admin", .nobody, now: GateHarness.now)
        XCTAssertEqual(explanation.answer, .observed(.missingToken))
    }

    func testLines() throws {
        let lines = try harness().gate.explain(
            method: "GET", path: "/public/..;/Admin", .scopes(["read"]), now: GateHarness.now
        ).lines
        XCTAssertEqual(lines.first?.path, "/public/..;/Admin")
        XCTAssertEqual(lines.first?.steps, [])
        XCTAssertEqual(lines.first?.landing, .route(0))
        XCTAssertNil(lines.first?.denial)
        let asSent = lines.first { $0.path == "/Admin" && !$0.ignoresCase }
        XCTAssertEqual(asSent?.denial, .noRoute)
        XCTAssertEqual(asSent?.steps, [.stripParameters, .removeDotSegments])
        let folded = lines.first { $0.path == "/Admin" && $0.ignoresCase }
        XCTAssertEqual(folded?.denial, .insufficientScope(route: 1))
    }

    /// Whatever is asked, `explain` and the data path say the same.
    func testSaysWhatTheGateDoes() throws {
        let harness = try harness()
        let token = harness.bearer("read")
        let paths = [
            "/public/x", "/users/1", "/admin", "/ADMIN", "/users/%31", "/users//1", "/public/..%2fadmin", "/x",
        ]
        for path in paths {
            let said = harness.gate.explain(
                method: "GET", path: path, .token(Array(token.dropFirst(7).utf8)), now: GateHarness.now
            ).answer
            switch harness.judge("GET \(path)", token) {
            case .permit(_, let identified): XCTAssertEqual(said, identified ? .permitted : .publicRoute, path)
            case .refuse(let denial): XCTAssertEqual(said, .refused(denial), path)
            case .observe, .awaitKeys: XCTFail(path)
            }
        }
    }
}
