import ProxyCore
import XCTest

final class RouteReportTests: XCTestCase {
    private func report(_ routes: [String]) throws -> (order: [String], warnings: [RouteReport.Warning]) {
        let table = try RouteTable(routes.map { try RouteDefinition.route($0) })
        let report = RouteReport(table)
        return (report.order.map { routes[$0] }, report.warnings)
    }

    func testOrder() throws {
        let routes = [
            "GET /{rest...}", "GET /{x}", "GET /b", "GET /a/{x}", "GET /a/b", "POST /a/b", "GET /", "GET /a/{r...}",
            "GET /a", "GET /{x}/b",
        ]
        XCTAssertEqual(
            try report(routes).order,
            [
                "GET /", "GET /a", "GET /a/b", "POST /a/b", "GET /a/{x}", "GET /a/{r...}", "GET /b", "GET /{x}",
                "GET /{x}/b", "GET /{rest...}",
            ])
    }

    func testWarnings() throws {
        let rows: [([String], [RouteReport.Warning])] = [
            (["GET /a", "POST /a", "GET /b/{x}"], []),
            (["* /a"], [.anyMethod(0)]),
            (
                ["GET /a;v=1", "GET /:id", "GET /$x"],
                [
                    .looksLikeParameter(2, segment: "$x"), .looksLikeParameter(1, segment: ":id"),
                    .parametersInLiteral(0),
                ]
            ),
            (["GET /a", "GET /A"], [.differsOnlyInCase(0, 1)]),
            (["GET /a/x", "GET /{p}/X"], []),
            (["GET /x/{p}/Y/{r...}", "GET /X/{p}/y/{r...}"], [.differsOnlyInCase(0, 1)]),
            (
                ["GET /users/me", "GET,DELETE /users/{id}"],
                [
                    .hidesMethods(specific: 0, general: 1, methods: ["DELETE"])
                ]
            ),
            (["GET,DELETE /users/me", "GET /users/{id}"], []),
            (["GET /a", "* /{r...}"], [.anyMethod(1), .hidesMethods(specific: 0, general: 1, methods: [])]),
            (["GET /a/{x}", "POST /a/{r...}"], [.hidesMethods(specific: 0, general: 1, methods: ["POST"])]),
            // Of several, the next more general path counts: it owns what is left.
            (["GET /a/b", "GET /a/{x}", "POST /{r...}"], [.hidesMethods(specific: 1, general: 2, methods: ["POST"])]),
            (["GET /a", "GET /a/{x}/{s...}", "GET /a/{r...}"], [.neverMatches(2)]),
            (["GET /a", "GET /a/{x}", "GET /a/{x}/{s...}", "GET /a/{r...}"], [.neverMatches(3)]),
            (["GET /a", "GET /a/{x}", "GET /a/{x}/{y}/{s...}", "GET /a/{r...}"], [.neverMatches(3)]),
            (["GET /a/{x}/{s...}", "GET /a/{r...}"], []),
            (["GET /a", "GET /a/{x}", "GET /a/{r...}"], []),
        ]
        for (routes, warnings) in rows { XCTAssertEqual(try report(routes).warnings, warnings, "\(routes)") }
        let open = try RouteTable([.route("GET /a", .public)])
        XCTAssertEqual(RouteReport(open).warnings, [.publicRoute(0)])
    }

    func testLargeTables() throws {
        let report = try report((0..<10_000).map { "GET /group\($0 % 100)/{id}/item\($0)" })
        XCTAssertEqual(report.order.count, 10_000)
        XCTAssertEqual(report.warnings, [])
    }
}
