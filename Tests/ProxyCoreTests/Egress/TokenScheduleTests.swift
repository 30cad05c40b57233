import ProxyCore
import XCTest

final class TokenScheduleTests: XCTestCase {
    private let start = Instant(nanoseconds: 1_000_000_000_000)

    private func after(_ seconds: Double) -> Instant { start.advanced(by: .seconds(seconds)) }

    func testRenewalIsAheadOfTheEnd() {
        let table: [(lifetime: Double, jitter: Double, took: Double, renewal: Double, end: Double)] = [
            (300, 0, 0, 225, 295), (300, 0.999_999, 0, 239.999_985, 295), (3600, 0, 2, 2700, 3595),
            // Counted from when it was asked for, however long the answer took.
            (300, 0, 100, 225, 295), (300, 0, 250, 250.5, 295), (10, 0, 0, 7.5, 9), (1, 0, 0, 0.75, 0.9),
            (1, 0, 0.9, 1.4, 0.9),
        ]
        for row in table {
            var schedule = TokenSchedule(now: start)
            XCTAssertTrue(schedule.isDue(start))
            let end = schedule.obtained(
                lifetime: .seconds(row.lifetime), asked: start, now: after(row.took), jitter: row.jitter)
            XCTAssertEqual(seconds(schedule.next), row.renewal, accuracy: 1e-6, "\(row)")
            XCTAssertEqual(seconds(end), row.end, accuracy: 1e-6, "\(row)")
        }
    }

    func testPausesGrowFromOneSecondToAMinute() {
        var schedule = TokenSchedule(now: start)
        var pauses: [Double] = []
        for _ in 0..<10 {
            schedule.failed(now: start, jitter: 0)
            pauses.append(seconds(schedule.next))
        }
        XCTAssertEqual(pauses, [1, 2, 4, 8, 16, 32, 40, 40, 40, 40])
        schedule.failed(now: start, jitter: 0.999_999_999)
        XCTAssertEqual(seconds(schedule.next), 60, accuracy: 1e-6)
        XCTAssertEqual(schedule.failures, 11)
        // Calls do not shorten it; credentials that have changed do.
        schedule.wanted(now: start)
        schedule.refused(now: start)
        XCTAssertFalse(schedule.isDue(start))
        schedule.credentialsChanged(now: start)
        XCTAssertTrue(schedule.isDue(start))
        _ = schedule.obtained(lifetime: .seconds(300), asked: start, now: start, jitter: 0)
        XCTAssertEqual(schedule.failures, 0)
    }

    func testRefusalsCauseOneRenewalInAWhile() {
        var schedule = TokenSchedule(now: start)
        _ = schedule.obtained(lifetime: .seconds(300), asked: start, now: start, jitter: 0)
        schedule.refused(now: after(1))
        XCTAssertTrue(schedule.isDue(after(1)))
        _ = schedule.obtained(lifetime: .seconds(300), asked: after(1), now: after(1), jitter: 0)
        schedule.refused(now: after(10.9))
        XCTAssertFalse(schedule.isDue(after(10.9)))
        schedule.refused(now: after(11))
        XCTAssertTrue(schedule.isDue(after(11)))
    }

    func testACallThatFindsNoTokenDoesNotWaitForTheTime() {
        var schedule = TokenSchedule(now: start)
        _ = schedule.obtained(lifetime: .seconds(300), asked: start, now: start, jitter: 0)
        schedule.wanted(now: after(2))
        XCTAssertTrue(schedule.isDue(after(2)))
    }

    private func seconds(_ instant: Instant) -> Double { instant.since(start).seconds }
}
