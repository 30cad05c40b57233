import ProxyCore
import XCTest

final class MemoryBoundTests: XCTestCase {
    private func bound(_ members: String, workers: Int = 1) throws -> MemoryBound {
        let text = """
            {"listen": "127.0.0.1:0", "upstream": "http://127.0.0.1:1", "routes": [{"path": "/", "public": true}],
             "issuers": [{"issuer": "https://i.test/", "audiences": ["a"], "jwks_uri": "https://i.test/keys"}],
             \(members)}
            """
        let loader = ConfigurationLoader(environment: { _ in nil })
        return MemoryBound(try loader.load(Array(text.utf8), file: "/nowhere/routes.json"), workers: workers)
    }

    func testTheSumIsThatOfItsTerms() throws {
        let memory = try bound("\"mode\": \"enforce\"", workers: 2)
        XCTAssertEqual(memory.bytes, memory.terms.reduce(0) { $0 + $1.bytes })
        XCTAssertEqual(memory.terms.map(\.bytes), memory.terms.map(\.bytes).sorted(by: >))
        // Two buffers of 64 KiB for ten thousand connections.
        XCTAssertTrue(memory.terms.contains { $0.bytes == 2 * 65_536 * 10_000 && $0.limit == "limits.connections" })
        XCTAssertEqual(memory.mebibytes, Int((memory.bytes + 1_048_575) / 1_048_576))
    }

    func testEachLimitCounts() throws {
        let small = "\"connections\": 100, \"token_cache_entries\": 100"
        let base = try bound("\"limits\": {\(small)}").bytes
        let larger = [
            "\"limits\": {\"connections\": 101, \"token_cache_entries\": 100}",
            "\"limits\": {\"connections\": 100, \"token_cache_entries\": 101}",
            "\"limits\": {\(small), \"token_bytes\": 20000}", "\"limits\": {\(small), \"target_bytes\": 9000}",
            "\"limits\": {\(small), \"head_bytes\": 65535}", "\"limits\": {\(small)}, \"admin\": \"127.0.0.1:0\"",
        ]
        for members in larger { XCTAssertGreaterThan(try bound(members).bytes, base, members) }
        XCTAssertGreaterThan(try bound("\"limits\": {\(small)}", workers: 2).bytes, base)
    }
}
