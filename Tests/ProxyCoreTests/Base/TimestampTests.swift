import ProxyCore
import XCTest

final class TimestampTests: XCTestCase {
    func testTextAndBack() {
        let rows: [(Int64, String)] = [
            (0, "1970-01-01T00:00:00Z"), (951_782_399, "2000-02-28T23:59:59Z"), (951_782_400, "2000-02-29T00:00:00Z"),
            (1_800_000_000, "2027-01-15T08:00:00Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ]
        for (seconds, text) in rows {
            XCTAssertEqual(Timestamp.text(UnixTime(seconds)), text)
            XCTAssertEqual(Timestamp.parse(text), UnixTime(seconds))
        }
        let seed: UInt64 = 7
        var random = SeededRandom(seed: seed)
        for _ in 0..<2000 {
            let time = UnixTime(Int64(random.next(upTo: 250_000_000)) * 1000 + Int64(random.next(upTo: 1000)))
            XCTAssertEqual(Timestamp.parse(Timestamp.text(time)), time, "seed \(seed)")
        }
    }

    func testWhatIsNoTimestamp() {
        let rows = [
            "", "2027-01-15", "2027-01-15T08:00:00", "2027-01-15T08:00:00z", "2027-01-15 08:00:00Z",
            "2027-02-29T00:00:00Z", "2027-13-01T00:00:00Z", "2027-00-01T00:00:00Z", "2027-01-00T00:00:00Z",
            "2027-01-32T00:00:00Z", "2027-01-01T24:00:00Z", "2027-01-01T00:60:00Z", "2027-01-01T00:00:60Z",
            "1969-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "2027-01-15T08:00:00+0", "+027-01-15T08:00:00Z",
            "2027-1-015T08:00:00Z", "2027-01-15T08:00:00.0Z", "２027-01-15T08:00:0",
        ]
        for row in rows { XCTAssertNil(Timestamp.parse(row), row) }
    }
}
