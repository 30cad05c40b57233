import ProxyCore
import XCTest

final class ScopeSetTests: XCTestCase {
    private func set(_ scopes: [Int]) -> ScopeSet {
        var set = ScopeSet()
        for scope in scopes { set.insert(scope) }
        return set
    }

    func testAgainstSwiftSets() {
        let seed: UInt64 = 77
        var random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            let bound = [3, 64, 256, 257, 1000][random.next(upTo: 5)]
            let one = (0..<random.next(upTo: 12)).map { _ in random.next(upTo: bound) }
            let other = (0..<random.next(upTo: 4)).map { _ in random.next(upTo: bound) }
            let message = "\(one) \(other), seed \(seed)"
            XCTAssertEqual(set(one).isSuperset(of: set(other)), Set(one).isSuperset(of: other), message)
            XCTAssertEqual(set(one).intersects(set(other)), !Set(one).isDisjoint(with: other), message)
            XCTAssertEqual(set(one) == set(other), Set(one) == Set(other), message)
            for scope in [0, 63, 64, 255, 256, 999] { XCTAssertEqual(set(one).contains(scope), one.contains(scope)) }
        }
    }

    func testScopesAreCaseSensitiveAndCounted() throws {
        let table = try RouteTable([
            .route("GET /a", .all(["read", "Read"])), .route("GET /b", .any(["read", "write"])),
        ])
        XCTAssertEqual(table.scopes.count, 3)
        XCTAssertEqual(table.scopeList(of: 0), "read Read")
        XCTAssertEqual(table.scopeList(of: 1), "read write")
        let held = table.scopes.set(of: [Array("READ".utf8), Array("write".utf8), Array("unheard-of".utf8)])
        XCTAssertEqual(held, table.scopes.set(of: [Array("write".utf8)]))
    }
}
