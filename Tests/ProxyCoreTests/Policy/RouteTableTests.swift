import ProxyCore
import XCTest

final class RouteTableTests: XCTestCase {
    /// The route's text, `405` and the path's methods, or `none`; with what was captured.
    private func answer(_ table: RouteTable, _ request: String) -> String {
        let parts = request.split(separator: " ").map { Array($0.utf8) }
        let method = parts[0]
        let path = parts[1]
        let match = table.match(path.span, method: table.methods.number(of: method.span))
        switch match.landing {
        case .none: return "none"
        case .methodNotAllowed(let path):
            return "405 " + table.methods.names(in: table.allowedMethods(path: path)).joined(separator: ",")
        case .route(let route):
            let template = table.definitions[route].template
            let values = template.parameterNames.compactMap(template.place(of:)).map { place in
                "<\(path.span.slice(place.range(in: path.span)).text)>"
            }
            return ([table.definitions[route].id] + values).joined(separator: " ")
        }
    }

    private func table(_ routes: [String]) throws -> RouteTable {
        try RouteTable(routes.map { try RouteDefinition.route($0) })
    }

    private let routes = [
        "* /{rest...}", "GET /", "GET /a", "GET /a/b", "POST /a/b", "GET /a/{x}", "GET /a/{x}/c", "* /a/{x}/{rest...}",
        "GET,PURGE /a/b/c", "GET /{x}/b", "HEAD,GET /h", "HEAD /i", "GET /i", "PURGE /p", "GET /caf%C3%A9/{x}",
        "GET /prod", "GET /k/{a}/{b}/z", "GET /k/{a}/y/{c...}", "POST /a.b",
    ]

    private let rows: [(request: String, answer: String)] = [
        ("GET /", "GET /"),
        ("POST /", "405 GET,HEAD"),
        ("GET /a", "GET /a"),
        ("GET /a/", "GET /a"),
        ("HEAD /a", "GET /a"),
        ("GET /a/b", "GET /a/b"),
        ("POST /a/b/", "POST /a/b"),
        ("PUT /a/b", "405 GET,HEAD,POST"),
        ("GET /a/x", "GET /a/{x} <x>"),
        ("DELETE /a/x", "405 GET,HEAD"),
        ("GET /a/b/c", "GET,PURGE /a/b/c"),
        ("HEAD /a/b/c", "GET,PURGE /a/b/c"),
        ("PURGE /a/b/c", "GET,PURGE /a/b/c"),
        ("purge /a/b/c", "405 GET,HEAD,PURGE"),
        ("GET /a/x/c", "GET /a/{x}/c <x>"),
        ("POST /a/x/c", "405 GET,HEAD"),
        ("GET /a/b/d", "* /a/{x}/{rest...} <b> <d>"),
        ("GET /a/b/d/e/", "* /a/{x}/{rest...} <b> <d/e>"),
        ("GET /z/b", "GET /{x}/b <z>"),
        ("GET /z/c", "* /{rest...} <z/c>"),
        ("FOO /z/c", "* /{rest...} <z/c>"),
        ("GET /prod-2", "* /{rest...} <prod-2>"),
        ("GET /pro", "* /{rest...} <pro>"),
        ("GET /prod/x", "* /{rest...} <prod/x>"),
        ("GET /aXb", "* /{rest...} <aXb>"),
        ("HEAD /h", "HEAD,GET /h"),
        ("HEAD /i", "HEAD /i"),
        ("GET /i", "GET /i"),
        ("get /i", "405 GET,HEAD"),
        ("HEAD /p", "405 PURGE"),
        ("GET /caf%C3%A9/1", "GET /caf%C3%A9/{x} <1>"),
        ("GET /café/1", "GET /caf%C3%A9/{x} <1>"),
        ("GET /k/1/2/z", "GET /k/{a}/{b}/z <1> <2>"),
        ("GET /k/1/y/z", "GET /k/{a}/y/{c...} <1> <z>"),
        ("GET /k/1/y", "GET /k/{a}/y/{c...} <1> <>"),
        ("GET /k/1/2/3", "* /{rest...} <k/1/2/3>"),
        ("GET //a", "* /{rest...} </a>"),
        ("GET /a//", "* /{rest...} <a/>"),
        ("GET /a//c", "* /{rest...} <a//c>"),
        ("GET //", "* /{rest...} <>"),
        ("GET a", "none"),
    ]

    func testMatching() throws {
        let table = try table(routes)
        for row in rows { XCTAssertEqual(answer(table, row.request), row.answer, row.request) }
    }

    func testPrecedenceDoesNotDependOnTheOrderOfTheFile() throws {
        let seed: UInt64 = 20_231
        var random = SeededRandom(seed: seed)
        for _ in 0..<20 {
            let shuffled = try table(routes.shuffled(using: &random))
            for row in rows {
                XCTAssertEqual(answer(shuffled, row.request), row.answer, "\(row.request), seed \(seed)")
            }
        }
    }

    func testThousandsOfOtherRoutesChangeNothing() throws {
        let others =
            (0..<3000).map { "GET /other/\($0)/{id}/items-\($0 % 7)" }
            + (0..<3000).map { "* /other\($0)/{id}" } + (0..<4000).map { "POST /a/b/c/d/x\($0)" }
        let large = try table(routes + others)
        for row in rows { XCTAssertEqual(answer(large, row.request), row.answer, row.request) }
        XCTAssertEqual(answer(large, "GET /other/2999/7/items-3"), "GET /other/2999/{id}/items-3 <7>")
        let path = Array("/other/2999/7/items-3".utf8)
        XCTAssertEqual(large.match(path.span, method: MethodNames.get).visitedNodes, 5)
    }

    func testWithoutRestNothingElseMatches() throws {
        let table = try table(["GET /a/b", "GET /a/{x}/c"])
        for request in ["GET /", "GET /a", "GET /a/x", "GET /a/b/d", "GET //a/b", "GET /a//b", "GET /a//c"] {
            XCTAssertEqual(answer(table, request), "none", request)
        }
    }

    func testConflicts() throws {
        let rows: [([String], [RouteTableError.Problem])] = [
            (["GET /a/{x}", "GET /a/{y}/"], [.conflict(0, 1, methods: ["GET"])]),
            (["* /a", "POST /a"], [.conflict(0, 1, methods: [])]),
            (["GET,PURGE /{r...}", "POST /{r...}", "PURGE,POST /{s...}"], [.conflict(0, 2, methods: ["PURGE"])]),
            (["GET /a", "HEAD /a", "POST /a"], []),
            (["GET /a", "GET /A", "GET /{x}", "GET /{x...}"], []),
            (["GET /caf%c3%a9", "GET /caf%C3%A9"], [.conflict(0, 1, methods: ["GET"])]),
            (["* /a", "* /a", "* /a"], [.conflict(0, 1, methods: []), .conflict(0, 2, methods: [])]),
        ]
        for (routes, problems) in rows {
            do {
                _ = try table(routes)
                XCTAssertEqual(problems, [], "\(routes)")
            } catch let error as RouteTableError {
                XCTAssertEqual(error.problems, problems, "\(routes)")
            }
        }
    }

    func testConditionsNameParameters() throws {
        let claim = try XCTUnwrap(ClaimPath(dotted: "tenant"))
        let route = try RouteDefinition.route("* /{a}") { route in
            route.claims = [ClaimCondition(claim: claim, expectation: .parameter("b"))]
        }
        XCTAssertThrowsError(try RouteTable([route])) { error in
            XCTAssertEqual((error as? RouteTableError)?.problems, [.unknownParameter(route: 0, name: "b")])
        }
    }

    func testMoreMethodsThanCanBeTold() throws {
        let methods = (0..<60).map { "M\($0)" }
        XCTAssertNoThrow(try table(methods.prefix(54).map { "\($0) /a" }))
        XCTAssertThrowsError(try table(methods.map { "\($0) /a" })) { error in
            XCTAssertEqual((error as? RouteTableError)?.problems.first, .tooManyMethods(route: 54))
        }
    }

    /// Every combination of `a` and `{x}` over twelve segments: wherever the search turns, it finds a way on, until the
    /// last segment fits none. It may look at all of the table, and at no part of it twice.
    func testBacktrackingIsBoundedByTheTable() throws {
        let depth = 12
        let routes = (0..<(1 << depth)).map { bits -> String in
            let segments = (0..<depth).map { bits & (1 << $0) == 0 ? "a" : "{p\($0)}" }
            return "GET /\(segments.joined(separator: "/"))/end"
        }
        let table = try table(routes)
        let path = Array((String(repeating: "/a", count: depth) + "/other").utf8)
        let match = table.match(path.span, method: MethodNames.get)
        XCTAssertEqual(match.landing, .none)
        XCTAssertLessThanOrEqual(match.visitedNodes, table.nodeCount)
        XCTAssertGreaterThan(match.visitedNodes, 1 << depth)
        let endless = Array(String(repeating: "/a", count: 30_000).utf8)
        XCTAssertLessThanOrEqual(table.match(endless.span, method: MethodNames.get).visitedNodes, table.nodeCount)
    }

    func testLetterCase() throws {
        let table = try table(["GET /Admin/x", "GET /admin/{y}", "GET /ADMIN/{z...}", "GET /{p}", "GET /{p}/X"])
        func folded(_ path: String) -> [String] {
            let bytes = Array(path.utf8)
            return table.landingsIgnoringCase(bytes.span, method: MethodNames.get).map { landing in
                guard case .route(let route) = landing else { return "none" }
                return table.definitions[route].id
            }.sorted()
        }
        func needsFolding(_ path: String) -> Bool {
            let bytes = Array(path.utf8)
            return table.match(bytes.span, method: MethodNames.get).needsCaseFolding
        }
        XCTAssertEqual(folded("/admin/x"), ["GET /ADMIN/{z...}", "GET /Admin/x", "GET /admin/{y}"])
        XCTAssertEqual(folded("/aDMIN/X"), ["GET /ADMIN/{z...}", "GET /Admin/x", "GET /admin/{y}"])
        XCTAssertEqual(folded("/aDMIN"), ["GET /ADMIN/{z...}"])
        XCTAssertEqual(folded("/other/x"), ["GET /{p}/X"])
        XCTAssertEqual(folded("/other/y"), ["none"])
        XCTAssertTrue(needsFolding("/admin/y"))
        XCTAssertTrue(needsFolding("/other/x"))
        XCTAssertFalse(needsFolding("/other/X"))
        XCTAssertFalse(needsFolding("/other/y"))
    }
}
