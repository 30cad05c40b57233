import ProxyCore
import XCTest

/// Which key signs, which ones are published, and when one is made: all from the times at which keys begin.
final class SigningKeyScheduleTests: XCTestCase {
    private var schedule: SigningKeySchedule {
        var schedule = SigningKeySchedule()
        schedule.rotateAfterSeconds = 1000
        schedule.publishBeforeSeconds = 100
        schedule.tokenLifetimeMax = 50
        return schedule
    }

    private func time(_ seconds: Int64) -> UnixTime { UnixTime(seconds) }

    func testPhases() {
        let all = [time(1000), time(2000)]
        let end = time(2000 + 50 + SigningKeySchedule.margin)
        let rows: [(Int64, SigningKeySchedule.Phase, SigningKeySchedule.Phase)] = [
            (1000, .signing, .next), (1999, .signing, .next), (2000, .old(until: end), .signing),
            (end.seconds - 1, .old(until: end), .signing), (end.seconds, .expired, .signing),
            // A clock that was set back.
            (950, .signing, .next), (500, .signing, .ahead),
        ]
        for (now, first, second) in rows {
            XCTAssertEqual(schedule.phase(of: all[0], among: all, at: time(now)), first, "\(now)")
            XCTAssertEqual(schedule.phase(of: all[1], among: all, at: time(now)), second, "\(now)")
        }
        XCTAssertNil(schedule.signingSince([], at: time(1)))
    }

    func testWhenAKeyIsMade() {
        func next(_ keys: [SigningKeySchedule.Place], _ now: Int64) -> Int64? {
            schedule.nextActivation(after: keys, at: time(now))?.seconds
        }
        let first = SigningKeySchedule.Place(.es256, activates: time(1000))
        XCTAssertEqual(next([], 5), 5)
        XCTAssertNil(next([first], 1899))
        XCTAssertEqual(next([first], 1900), 2000)
        // The issuer was down when it was time: the key is published as long all the same.
        XCTAssertEqual(next([first], 5000), 5100)
        XCTAssertNil(next([first, SigningKeySchedule.Place(.es256, activates: time(2000))], 1950))
        // Another algorithm takes over like any other key.
        XCTAssertEqual(next([SigningKeySchedule.Place(.rs256, activates: time(1000))], 1200), 1300)
        var still = schedule
        still.rotateAfterSeconds = nil
        XCTAssertNil(still.nextActivation(after: [first], at: time(1_000_000)))
    }

    /// A key that was made while a clock was ahead keeps none from being made, and signs while there is no other.
    func testAKeyThatIsAhead() {
        let (first, far) = (time(1000), time(1_000_000))
        func next(_ keys: [UnixTime], _ now: Int64) -> Int64? {
            let places = keys.map { SigningKeySchedule.Place(.es256, activates: $0) }
            return schedule.nextActivation(after: places, at: time(now))?.seconds
        }
        XCTAssertNil(next([first, far], 1899))
        XCTAssertEqual(next([first, far], 1900), 2000)
        XCTAssertNil(next([first, far, time(2000)], 1901))
        XCTAssertEqual(schedule.phase(of: far, among: [first, far], at: time(1900)), .ahead)
        XCTAssertEqual(schedule.phase(of: first, among: [first, far], at: time(1900)), .signing)
        // Up to where a key may lie that is right.
        XCTAssertFalse(schedule.isAhead(time(3000), at: time(1900)))
        XCTAssertTrue(schedule.isAhead(time(3001), at: time(1900)))
        // The jump has outlasted the old key. The new one is published as long as any before it signs.
        XCTAssertEqual(next([far], 5000), 5100)
        let (successor, both) = (time(5100), [far, time(5100)])
        for (now, ofFar, ofSuccessor) in [
            (5000, SigningKeySchedule.Phase.signing, SigningKeySchedule.Phase.next), (5099, .signing, .next),
            (5100, .ahead, .signing),
        ] {
            XCTAssertEqual(schedule.phase(of: far, among: both, at: time(Int64(now))), ofFar, "\(now)")
            XCTAssertEqual(schedule.phase(of: successor, among: both, at: time(Int64(now))), ofSuccessor, "\(now)")
        }
        // Without rotation by time, no key is made, but one is by command.
        var still = schedule
        still.rotateAfterSeconds = nil
        XCTAssertTrue(still.isAhead(far, at: first))
        XCTAssertFalse(still.isAhead(time(first.seconds + 100 + 86_400), at: first))
    }

    func testNoTwoKeysBeginTogether() {
        let keys = [1000, 1001, 1100].map { SigningKeySchedule.Place(.es256, activates: time($0)) }
        XCTAssertEqual(schedule.activation(after: keys, atOnce: true, at: time(1000)).seconds, 1002)
        XCTAssertEqual(schedule.activation(after: keys, atOnce: false, at: time(1000)).seconds, 1101)
        XCTAssertEqual(schedule.activation(after: [], atOnce: false, at: time(1000)).seconds, 1000)
    }

    /// Through many rotations there is always one key that signs, it has been published long enough, and no key goes
    /// before its last token.
    func testRotationsOverlap() {
        var keys: [SigningKeySchedule.Place] = []
        var published: [Int64: Int64] = [:]
        for now in stride(from: Int64(1), to: 20_000, by: 7) {
            if let activates = schedule.nextActivation(after: keys, at: time(now)) {
                keys.append(SigningKeySchedule.Place(.es256, activates: activates))
                published[activates.seconds] = now
            }
            let all = keys.map(\.activates)
            let phases = all.map { schedule.phase(of: $0, among: all, at: time(now)) }
            XCTAssertEqual(phases.count { $0 == .signing }, 1, "\(now)")
            keys = zip(keys, phases).filter { $1 != .expired }.map(\.0)
            XCTAssertLessThanOrEqual(keys.count, 3)
            for key in keys.dropFirst() where key.activates.seconds <= now {
                XCTAssertGreaterThanOrEqual(now - (published[key.activates.seconds] ?? now), 100 - 7)
            }
        }
        XCTAssertGreaterThan(published.count, 15)
    }
}
