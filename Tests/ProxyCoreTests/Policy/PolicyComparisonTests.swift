import ProxyCore
import XCTest

/// What two tables decide otherwise.
final class PolicyComparisonTests: XCTestCase {
    private typealias Requirement = RouteDefinition.Requirement

    private struct Route {
        var path: String
        var methods: [String]?
        var requirement: Requirement
        var id: String?
        var mode: EnforcementMode?
        var claims: [ClaimCondition] = []

        init(
            _ path: String, _ methods: [String]?, _ requirement: Requirement, id: String? = nil,
            mode: EnforcementMode? = nil, claims: [ClaimCondition] = []
        ) {
            (self.path, self.methods, self.requirement) = (path, methods, requirement)
            (self.id, self.mode, self.claims) = (id, mode, claims)
        }
    }

    private func policy(_ routes: [Route], mode: EnforcementMode = .enforce) throws -> AccessPolicy {
        let definitions = try routes.map { route in
            var definition = RouteDefinition(
                id: route.id ?? "\(route.methods?.joined(separator: ",") ?? "*") \(route.path)",
                template: try PathTemplate(route.path), methods: route.methods, requirement: route.requirement)
            definition.mode = route.mode
            definition.claims = route.claims
            return definition
        }
        return AccessPolicy(
            table: try RouteTable(definitions), identity: try IdentityFields(IdentityOptions()), mode: mode)
    }

    /// As in `loosened GET /a: scopes a -> public`.
    private func changes(_ old: [Route], _ new: [Route]) throws -> [String] {
        try changes(policy(old), policy(new))
    }

    private func changes(_ old: AccessPolicy, _ new: AccessPolicy) -> [String] {
        let comparison = PolicyComparison(from: old, to: new)
        XCTAssertTrue(comparison.isComplete)
        return comparison.changes.map { change in
            let methods = change.methods.isEmpty ? "any" : change.methods.joined(separator: ",")
            return "\(change.kind) \(methods) \(change.path): \(change.accessBefore) -> \(change.accessAfter)"
        }
    }

    func testTheSameRulesInOtherWords() throws {
        XCTAssertEqual(
            try changes(
                [Route("/a/{x}", ["GET"], .all(["a", "b"]), id: "one"), Route("/b", nil, .any(["a"]))],
                [
                    Route("/b/", nil, .all(["a"])),
                    Route("/a/{y}", ["HEAD", "GET"], .all(["b", "a", "b"]), id: "two"),
                ]), [])
    }

    func testRoutesThatComeAndGo() throws {
        let old = [Route("/a", ["GET"], .authenticated)]
        let new = old + [Route("/b/{id}", ["POST"], .all(["b"]))]
        XCTAssertEqual(try changes(old, new), ["added POST /b/{id}: refused -> scopes b"])
        XCTAssertEqual(try changes(new, old), ["removed POST /b/{id}: scopes b -> refused"])
    }

    func testRequirements() throws {
        let table: [(Requirement, Requirement, PolicyChange.Kind?)] = [
            (.all(["a"]), .all(["a", "b"]), .tightened), (.all(["a", "b"]), .all(["b"]), .loosened),
            (.all(["a"]), .all(["b"]), .changed), (.any(["a"]), .any(["a", "b"]), .loosened),
            (.any(["a", "b"]), .any(["b"]), .tightened), (.any(["a"]), .any(["b"]), .changed),
            (.all(["a", "b"]), .any(["a", "b"]), .loosened), (.any(["a", "b"]), .all(["a", "b"]), .tightened),
            (.all(["a"]), .any(["a"]), nil), (.any(["a", "b"]), .all(["a"]), .tightened),
            (.any(["a", "b"]), .all(["c"]), .changed), (.all(["a"]), .authenticated, .loosened),
            (.authenticated, .any(["a"]), .tightened), (.authenticated, .public, .loosened),
            (.public, .all(["a"]), .tightened), (.public, .public, nil), (.all([]), .authenticated, nil),
        ]
        for (old, new, kind) in table {
            let comparison = PolicyComparison(
                from: try policy([Route("/a", ["PUT"], old, id: "a")]),
                to: try policy([Route("/a", ["PUT"], new, id: "a")]))
            XCTAssertEqual(comparison.changes.map(\.kind), kind.map { [$0] } ?? [], "\(old) -> \(new)")
        }
    }

    func testMethods() throws {
        let (narrow, wide) = (
            [Route("/a", ["GET"], .authenticated, id: "a")], [Route("/a", ["GET", "PUT"], .authenticated, id: "a")]
        )
        XCTAssertEqual(try changes(narrow, wide), ["loosened PUT /a: refused -> authenticated"])
        XCTAssertEqual(try changes(wide, narrow), ["tightened PUT /a: authenticated -> refused"])
        let any = [Route("/a", nil, .authenticated, id: "a")]
        XCTAssertEqual(try changes(wide, any), ["loosened any /a: refused -> authenticated"])
    }

    func testConditions() throws {
        let tenant = try XCTUnwrap(ClaimPath(dotted: "tenant"))
        let byValue = ClaimCondition(claim: tenant, expectation: .value("x"))
        func route(_ path: String, _ claims: [ClaimCondition]) -> [Route] {
            [Route(path, ["PUT"], .authenticated, id: "a", claims: claims)]
        }
        XCTAssertEqual(
            try changes(route("/a/{t}", [byValue]), route("/a/{t}", [])),
            ["loosened PUT /a/{t}: authenticated, tenant = \"x\" -> authenticated"])
        let byPlace = ClaimCondition(claim: tenant, expectation: .parameter("t"))
        let renamed = ClaimCondition(claim: tenant, expectation: .parameter("u"))
        XCTAssertEqual(try changes(route("/a/{t}", [byPlace]), route("/a/{u}", [renamed])), [])
        XCTAssertEqual(
            try changes(route("/{t}/{u}", [byPlace]), route("/{t}/{u}", [renamed])),
            ["changed PUT /{t}/{u}: authenticated, tenant = {1} -> authenticated, tenant = {2}"])
    }

    func testModes() throws {
        let rule = Requirement.all(["a"])
        XCTAssertEqual(
            try changes([Route("/a", ["PUT"], rule, id: "a")], [Route("/a", ["PUT"], rule, id: "a", mode: .observe)]),
            ["loosened PUT /a: scopes a -> observed: scopes a"])
        XCTAssertEqual(
            try changes(
                [Route("/a", ["PUT"], rule, id: "a", mode: .observe)], [Route("/a", ["PUT"], .public, id: "a")]),
            ["changed PUT /a: observed: scopes a -> public"])
        let routes = [Route("/a", ["PUT"], rule, id: "a", mode: .enforce)]
        XCTAssertEqual(
            changes(try policy(routes), try policy(routes, mode: .observe)),
            ["loosened any (no route): refused -> observed: refused"])
    }

    /// A more general route has what a special one leaves.
    func testPathsThatFallToAnotherRoute() throws {
        let general = Route("/{rest...}", nil, .authenticated, id: "general")
        let special = Route("/admin/{page}", nil, .all(["admin"]), id: "special")
        XCTAssertEqual(
            try changes([general, special], [general]),
            ["loosened any /admin/{page}: scopes admin -> authenticated"])
        XCTAssertEqual(
            try changes([general], [general, special]),
            ["tightened any /admin/{page}: authenticated -> scopes admin"])
    }

    func testOneThatIsCancelledIsNotComplete() throws {
        let routes = (0..<20).map { Route("/{x}/\($0)", nil, .public, id: "\($0)") }
        let (old, new) = (try policy(routes), try policy(routes.map { Route($0.path, nil, .authenticated, id: $0.id) }))
        var asked = 0
        let whole = PolicyComparison(from: old, to: new) {
            asked += 1
            return false
        }
        XCTAssertTrue(whole.isComplete)
        XCTAssertEqual(whole.changes.count, 20)
        for limit in [0, 1, asked / 2, asked - 1] {
            var left = limit
            let cut = PolicyComparison(from: old, to: new) {
                left -= 1
                return left < 0
            }
            XCTAssertFalse(cut.isComplete, "\(limit)")
            XCTAssertLessThan(cut.changes.count, 20, "\(limit)")
        }
    }

    /// The route that has lost its paths is changed nowhere where it stands alone.
    func testPathsThatTwoTemplatesHaveInCommon() throws {
        let crossing = Route("/{any}/b", ["PUT"], .public, id: "crossing")
        let special = Route("/a/{any}", ["PUT"], .all(["a"]), id: "special")
        XCTAssertEqual(
            try changes([crossing, special], [crossing]),
            [
                "loosened PUT /a/b: scopes a -> public",
                "removed PUT /a/{any}: scopes a -> refused",
            ])
    }

    /// By brute force: what a request gets from both differs where a change is told of, and nowhere else.
    func testAgainstTheTablesThemselves() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededRandom(seed: seed)
        let paths = [
            "/", "/a", "/b", "/{x}", "/a/b", "/a/{x}", "/{x}/b", "/{x}/{y}", "/a/{r...}", "/{r...}", "/{x}/{r...}",
        ]
        let requests = ["/", "/a", "/b", "/c", "/a/b", "/a/c", "/c/b", "/c/c", "/a/b/c", "/a/c/c", "/c/c/c"]
        for _ in 0..<400 {
            func table() throws -> AccessPolicy {
                try policy(
                    paths.filter { _ in random.next(upTo: 3) > 0 }.map { path in
                        Route(path, ["PUT"], random.next(upTo: 2) == 0 ? .public : .authenticated, id: path)
                    })
            }
            let (old, new) = (try table(), try table())
            let comparison = PolicyComparison(from: old, to: new)
            var (more, fewer) = (false, false)
            for request in requests {
                let (before, after) = (try isOpen(old, request), try isOpen(new, request))
                if after > before { more = true }
                if after < before { fewer = true }
            }
            let told = comparison.changes
            XCTAssertEqual(more, told.contains(where: \.permitsMore), "seed \(seed): \(told)")
            XCTAssertEqual(fewer, told.contains { !$0.permitsMore }, "seed \(seed): \(told)")
        }
    }

    /// 0 for nobody, 1 for somebody, 2 for everybody.
    private func isOpen(_ policy: AccessPolicy, _ path: String) throws -> Int {
        let match = policy.table.match(Array(path.utf8).span, method: policy.table.methods.number(of: "PUT".utf8.span))
        guard case .route(let route) = match.landing else { return 0 }
        return policy.table.definitions[route].requirement == .public ? 2 : 1
    }
}
