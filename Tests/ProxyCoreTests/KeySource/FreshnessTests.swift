import ProxyCore
import XCTest

final class FreshnessTests: XCTestCase {
    private func freshness(_ cacheControl: [String], age: [String] = []) -> Freshness {
        var reader = FreshnessReader()
        for value in cacheControl {
            let bytes = Array(value.utf8)
            reader.read(cacheControl: bytes.span)
        }
        for value in age {
            let bytes = Array(value.utf8)
            reader.read(age: bytes.span)
        }
        return reader.freshness
    }

    func testCacheControl() {
        let table: [([String], Freshness)] = [
            ([], .unstated),
            ([""], .unstated),
            (["public"], .unstated),
            (["max-age=600"], .seconds(600)),
            (["public, max-age=600, must-revalidate"], .seconds(600)),
            (["public,MAX-AGE=600"], .seconds(600)),
            (["max-age=\"600\""], .seconds(600)),
            ([" max-age=600 , "], .seconds(600)),
            (["public", "max-age=600"], .seconds(600)),
            (["max-age=600", "max-age=60"], .seconds(60)),
            (["s-maxage=5"], .unstated),
            (["x-max-age=5"], .unstated),
            (["max-age=0"], .stale),
            (["max-age="], .stale),
            (["max-age"], .stale),
            (["max-age=-1"], .stale),
            (["max-age=1.5"], .stale),
            (["max-age=6o0"], .stale),
            (["no-store, max-age=600"], .stale),
            (["max-age=600, no-cache"], .stale),
            (["No-Cache=\"a, b\", max-age=600"], .stale),
            (["ext=\"max-age=5, no-store\", max-age=600"], .seconds(600)),
            (["ext=\"a\\\", no-store\", max-age=600"], .seconds(600)),
            (["ext=\"unterminated, max-age=5"], .unstated),
            (["ext=\"\\"], .unstated),
            (["max-age=99999999999999999999999999"], .seconds(2_147_483_648)),
        ]
        for (values, expected) in table { XCTAssertEqual(freshness(values), expected, "\(values)") }
    }

    func testTheAgeThatADocumentHasAlreadyIsSubtracted() {
        XCTAssertEqual(freshness(["max-age=600"], age: ["100"]), .seconds(500))
        XCTAssertEqual(freshness(["max-age=600"], age: ["600"]), .stale)
        XCTAssertEqual(freshness(["max-age=600"], age: ["9999999999999999999999"]), .stale)
        XCTAssertEqual(freshness(["max-age=600"], age: ["soon"]), .seconds(600))
        XCTAssertEqual(freshness([], age: ["100"]), .unstated)
    }

    func testLifetimesAreHeldBetweenTheirBounds() {
        let schedule = KeySchedule(KeyRefresh())
        let table: [(Freshness, Double)] = [
            (.unstated, 600), (.stale, 60), (.seconds(0.5), 60), (.seconds(61), 61), (.seconds(1e9), 86_400),
        ]
        for (freshness, seconds) in table {
            XCTAssertEqual(schedule.lifetime(freshness), .seconds(seconds), "\(freshness)")
        }
        XCTAssertEqual(schedule.refreshDelay(lifetime: .seconds(100), jitter: 0), .seconds(80))
        XCTAssertEqual(schedule.refreshDelay(lifetime: .seconds(100), jitter: 0.5), .seconds(85))
    }
}
