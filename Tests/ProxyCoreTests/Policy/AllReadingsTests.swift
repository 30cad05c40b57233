import ProxyCore
import XCTest

/// The rule that the readings are for: whatever kind of server stands behind the proxy, a permitted request never
/// lands on a route that this caller may not use.
final class AllReadingsTests: XCTestCase {
    private let literals = ["a", "b", "admin", "Admin", "a%20b", "x;y", "c:d", "%C3%A9"]
    private let pieces = [
        "/", "/", "/", "//", "a", "b", "admin", "ADMIN", "Admin", "%61", "a%20b", "a b", "x;y", "x%3By", "c:d", "c%3Ad",
        "%c3%a9", ".", "..", "%2e", "%2E%2e", "%2f", "%2F", "%5c", "\\", ";", ";p=1", "%3b", "%25", "%2541", "z",
        "%23", "%3f", "%3Fx",
    ]

    private func template(_ random: inout SeededRandom) -> String {
        let count = random.next(upTo: 4)
        let segments = (0..<count).map { index -> String in
            switch random.next(upTo: 8) {
            case 0, 1: "{p\(index)}"
            case 2 where index == count - 1: "{r...}"
            default: literals[random.next(upTo: literals.count)]
            }
        }
        return "/" + segments.joined(separator: "/")
    }

    /// A table of templates of different shapes.
    private func templates(_ random: inout SeededRandom) throws -> [String] {
        var templates: [PathTemplate] = []
        for _ in 0..<(2 + random.next(upTo: 10)) {
            let template = try PathTemplate(template(&random))
            if !templates.contains(where: { $0.hasSameShape(as: template) }) { templates.append(template) }
        }
        return templates.map(\.text)
    }

    private func path(_ random: inout SeededRandom) -> String {
        let start = random.next(upTo: 6) == 0 ? "//" : "/"
        return start + (0..<(1 + random.next(upTo: 8))).map { _ in pieces[random.next(upTo: pieces.count)] }.joined()
    }

    private func requirement(_ random: inout SeededRandom) -> RouteDefinition.Requirement {
        switch random.next(upTo: 4) {
        case 0: .public
        case 1: .authenticated
        default: .all(["s\(random.next(upTo: 2))"])
        }
    }

    /// What the requirement comes to, without any code of the gate.
    private func permits(_ requirement: RouteDefinition.Requirement, _ scopes: [String]?) -> Bool {
        switch requirement {
        case .public: true
        case .authenticated: scopes != nil
        case .all(let needed): scopes.map(Set(needed).isSubset(of:)) ?? false
        case .any(let needed): scopes.map { !Set(needed).isDisjoint(with: $0) } ?? false
        }
    }

    func testNoUpstreamIsReachedPastItsRoute() throws {
        let seed: UInt64 = 3_986
        var random = SeededRandom(seed: seed)
        var oddPermits = 0
        var saved = 0
        for _ in 0..<50 {
            let templates = try templates(&random)
            let requirements = templates.map { _ in requirement(&random) }
            let table = try RouteTable(zip(templates, requirements).map { try .route("GET \($0)", $1) })
            let policy = AccessPolicy(table: table, identity: try IdentityFields(IdentityOptions()), mode: .enforce)
            let gate = Gate(policy: policy, issuers: [], limits: Limits())
            let router = NaiveRouter(templates)
            for _ in 0..<60 {
                let path = path(&random)
                let scopes: [String]? = [nil, [], ["s0"], ["s0", "s1"]][random.next(upTo: 4)]
                let caller: ExplainedCaller = scopes.map(ExplainedCaller.scopes) ?? .nobody
                let answer = gate.explain(method: "GET", path: path, caller, now: GateHarness.now).answer
                let isPermitted = answer == .permitted || answer == .publicRoute
                if isPermitted, path.contains(where: "%;\\.".contains) { oddPermits += 1 }
                for model in UpstreamModel.all {
                    let landed = router.routes(for: model.read(path))
                    let isSafe = landed.allSatisfy { permits(requirements[$0], scopes) }
                    if !isSafe { saved += 1 }
                    if isSafe || !isPermitted { continue }
                    XCTFail(
                        "\(path) is permitted to \(scopes ?? ["nobody"]), but \(model.name) lands on "
                            + "\(landed.map { templates[$0] }); seed \(seed), routes \(templates), \(requirements)")
                }
            }
        }
        XCTAssertGreaterThan(oddPermits, 100, "odd paths that are harmless are let through; seed \(seed)")
        XCTAssertGreaterThan(saved, 1000, "there was something to be kept from; seed \(seed)")
    }

    /// On plain paths the trie and the plain list agree, and nothing is refused for its spelling.
    func testPlainPathsLandWhereAPlainListSays() throws {
        let seed: UInt64 = 9_110
        var random = SeededRandom(seed: seed)
        for _ in 0..<200 {
            let templates = try templates(&random)
            let table = try RouteTable(templates.shuffled(using: &random).map { try .route("GET \($0)") })
            let router = NaiveRouter(table.definitions.map(\.template.text))
            for _ in 0..<50 {
                let names = ["a", "b", "admin", "Admin", "ADMIN", "c:d", "z"]
                let segments = (0..<random.next(upTo: 5)).map { _ in names[random.next(upTo: 7)] }
                let path = "/" + segments.joined(separator: "/")
                let bytes = Array(path.utf8)
                let match = table.match(bytes.span, method: MethodNames.get)
                let lookup = UpstreamModel.Lookup(segments: UpstreamModel.split(path), isRaw: true)
                let message = "\(path) among \(table.definitions.map(\.template.text)), seed \(seed)"
                let expected = router.routes(for: lookup).first.map(RouteLanding.route) ?? .none
                XCTAssertEqual(match.landing, expected, message)
                var folded = lookup
                folded.ignoresCase = true
                let found = table.landingsIgnoringCase(bytes.span, method: MethodNames.get)
                for route in router.routes(for: folded) { XCTAssertTrue(found.contains(.route(route)), message) }
                if !match.needsCaseFolding { XCTAssertEqual(found, [expected], message) }
            }
        }
    }
}
