import ProxyCore
import XCTest

final class TokenWatchTests: XCTestCase {
    func testItWaitsForTheExpiryButNotForLong() {
        let second: UInt64 = 1_000_000_000
        let now: UInt64 = 1_800_000_000 * second
        let rows: [(end: Int64, wall: UInt64, wait: UInt64)] = [
            (1_800_000_002, now, 2 * second), (1_800_000_002, now + 1, 2 * second - 1),
            (1_800_000_001, now + second - 1, 1_000_000), (1_800_000_000, now, 1_000_000),
            (1_799_999_000, now, 1_000_000), (0, now, 1_000_000), (1_800_000_030, now, 30 * second),
            // The clock may be set meanwhile.
            (1_800_000_031, now, 30 * second), (1_800_086_400, now + 5, 30 * second - 5),
            (1 << 53 + 300, now, 30 * second),
        ]
        for row in rows {
            let wait = TokenWatch.wait(for: UnixTime(row.end), wallNanoseconds: row.wall)
            XCTAssertEqual(wait.nanoseconds, row.wait, "\(row)")
        }
    }
}
