import ProxyCore
import XCTest

final class KeySourceStateTests: XCTestCase {
    /// One event at a second of the fake clock, and what is expected of it.
    private enum Event {
        case time
        case request
        case success(lifetime: Double)
        case failure
    }

    private struct Step {
        let second: Double
        let event: Event
        let actions: [KeySourceState.Action]
        let phase: KeySourceState.Phase
        let next: Double?

        init(
            _ second: Double, _ event: Event, _ actions: [KeySourceState.Action], _ phase: KeySourceState.Phase,
            next: Double?
        ) {
            self.second = second
            self.event = event
            self.actions = actions
            self.phase = phase
            self.next = next
        }
    }

    /// No jitter: refresh at 80 % of a lifetime, pauses of exactly 1, 2, 4 ... seconds.
    private func run(_ steps: [Step], stale: Double = 1000, line: UInt = #line) {
        var refresh = KeyRefresh()
        refresh.stale = .seconds(stale)
        var state = KeySourceState(KeySchedule(refresh), now: at(0))
        XCTAssertEqual(state.phase(at: at(0)), .starting, line: line)
        for (index, step) in steps.enumerated() {
            let now = at(step.second)
            let actions = apply(step.event, to: &state, now: now)
            let place = "step \(index)"
            XCTAssertEqual(actions, step.actions, place, line: line)
            XCTAssertEqual(state.phase(at: now), step.phase, place, line: line)
            XCTAssertEqual(state.nextDeadline, step.next.map(at) ?? .never, place, line: line)
        }
    }

    private func apply(_ event: Event, to state: inout KeySourceState, now: Instant) -> [KeySourceState.Action] {
        switch event {
        case .time: state.timePassed(now)
        case .request: state.refetchRequested(now)
        case .success(let lifetime): state.fetchSucceeded(lifetime: .seconds(lifetime), now: now, jitter: 0)
        case .failure: state.fetchFailed(now: now, jitter: 0)
        }
    }

    private func at(_ second: Double) -> Instant { Instant(nanoseconds: 5_000_000_000).advanced(by: .seconds(second)) }

    func testKeysAreFetchedAtStartAndRefreshedAheadOfTheirExpiry() {
        run([
            Step(0, .time, [.fetch], .starting, next: nil),
            Step(1, .success(lifetime: 100), [.settleRefetches], .fresh, next: 81),
            Step(80, .time, [], .fresh, next: 81),
            Step(81, .time, [.fetch], .refreshing, next: 1001),
            Step(82, .success(lifetime: 10), [.settleRefetches], .fresh, next: 90),
        ])
    }

    func testAFailingStartReadsTheDiskOnceAndBacksOff() {
        run([
            Step(0, .time, [.fetch], .starting, next: nil),
            Step(5, .failure, [.readDiskCopy, .settleRefetches], .unavailable, next: 6),
            Step(6, .time, [.fetch], .unavailable, next: nil),
            Step(6, .failure, [.settleRefetches], .unavailable, next: 8),
            Step(8, .time, [.fetch], .unavailable, next: nil),
            Step(8, .success(lifetime: 100), [.settleRefetches], .fresh, next: 88),
        ])
    }

    func testKeysAreKeptWhileFetchesFailAndDroppedAfterStaleSeconds() {
        run([
            Step(0, .time, [.fetch], .starting, next: nil),
            Step(0, .success(lifetime: 10), [.settleRefetches], .fresh, next: 8),
            Step(8, .time, [.fetch], .refreshing, next: 13),
            Step(9, .failure, [.settleRefetches], .backingOff, next: 10),
            Step(10, .time, [.fetch], .stale, next: 13),
            Step(10, .failure, [.settleRefetches], .stale, next: 12),
            Step(12, .time, [.fetch], .stale, next: 13),
            Step(12.5, .failure, [.settleRefetches], .stale, next: 13),
            Step(13, .time, [.dropKeys], .unavailable, next: 16.5),
            Step(16.5, .time, [.fetch], .unavailable, next: nil),
            Step(17, .success(lifetime: 10), [.settleRefetches], .fresh, next: 25),
        ], stale: 13)
    }

    func testKeysThatGrowTooOldDuringAFetchAreDroppedWithItsFailure() {
        run([
            Step(0, .time, [.fetch], .starting, next: nil),
            Step(0, .success(lifetime: 10), [.settleRefetches], .fresh, next: 8),
            Step(8, .time, [.fetch], .refreshing, next: 11),
            Step(12, .failure, [.dropKeys, .settleRefetches], .unavailable, next: 13),
        ], stale: 11)
    }

    func testALifetimeLongerThanStaleSecondsIsStillLivedOut() {
        run([
            Step(0, .time, [.fetch], .starting, next: nil),
            Step(0, .success(lifetime: 100), [.settleRefetches], .fresh, next: 80),
            Step(80, .time, [.fetch], .refreshing, next: 100),
            Step(81, .failure, [.settleRefetches], .backingOff, next: 82),
            Step(100, .time, [.dropKeys, .fetch], .unavailable, next: nil),
        ], stale: 0)
    }

    func testAnUnknownKidFetchesOnceThenOncePerCooldown() {
        run([
            Step(0, .time, [.fetch], .starting, next: nil),
            Step(0, .success(lifetime: 600), [.settleRefetches], .fresh, next: 480),
            Step(5, .request, [.fetch], .refreshing, next: 1000),
            Step(5, .request, [], .refreshing, next: 1000),
            Step(6, .success(lifetime: 600), [.settleRefetches], .fresh, next: 486),
            Step(6, .request, [.settleRefetches], .fresh, next: 486),
            Step(35.9, .request, [.settleRefetches], .fresh, next: 486),
            Step(36, .request, [.fetch], .refreshing, next: 1006),
            Step(37, .failure, [.settleRefetches], .backingOff, next: 38),
            Step(37.5, .request, [.settleRefetches], .backingOff, next: 38),
            Step(38, .time, [.fetch], .refreshing, next: 1006),
        ])
    }

    func testARequestThatJoinsAFetchLeavesTheCooldownUntouched() {
        run([
            Step(0, .time, [.fetch], .starting, next: nil),
            Step(0, .request, [], .starting, next: nil),
            Step(1, .success(lifetime: 600), [.settleRefetches], .fresh, next: 481),
            Step(1, .request, [.fetch], .refreshing, next: 1001),
        ])
    }

    func testARequestNeedNotWaitForTheBackoff() {
        run([
            Step(0, .time, [.fetch], .starting, next: nil),
            Step(0, .failure, [.readDiskCopy, .settleRefetches], .unavailable, next: 1),
            Step(0.5, .request, [.fetch], .unavailable, next: nil),
            Step(0.6, .failure, [.settleRefetches], .unavailable, next: 2.6),
            Step(0.7, .request, [.settleRefetches], .unavailable, next: 2.6),
        ])
    }

    func testADiskCopyCountsFromItsFetchTime() {
        var refresh = KeyRefresh()
        refresh.stale = .seconds(100)
        for (age, isUsed) in [(0.0, true), (99, true), (100, false), (5000, false)] {
            var state = KeySourceState(KeySchedule(refresh), now: at(0))
            _ = state.timePassed(at(0))
            _ = state.fetchFailed(now: at(1), jitter: 0)
            XCTAssertEqual(state.diskCopyRead(age: .seconds(age), now: at(1)), isUsed, "\(age)")
            XCTAssertEqual(state.phase(at: at(1)), isUsed ? .stale : .unavailable, "\(age)")
            XCTAssertEqual(state.timePassed(at(1 + max(100 - age, 0))).contains(.dropKeys), isUsed, "\(age)")
        }
    }

    func testBackoffDoublesToItsBoundWithJitter() {
        let schedule = KeySchedule(KeyRefresh())
        for (failures, least) in [(1, 1.0), (2, 2), (3, 4), (4, 8), (5, 16), (6, 32), (7, 40), (8, 40), (1000, 40)] {
            XCTAssertEqual(schedule.retryDelay(failures: failures, jitter: 0).seconds, least, accuracy: 1e-6)
            let most = schedule.retryDelay(failures: failures, jitter: 0.999_999)
            XCTAssertEqual(most.seconds, least * 1.5, accuracy: 0.001)
            XCTAssertLessThanOrEqual(most, .seconds(60))
        }
    }

    func testAFileIsLookedAtAtOnePaceWhateverHappens() {
        let schedule = KeySchedule(KeyRefresh(), fileCheckedEvery: .seconds(5))
        XCTAssertEqual(schedule.lifetime(.unstated), .seconds(5))
        XCTAssertEqual(schedule.refresh.cooldown, .seconds(5))
        for failures in [1, 2, 10] {
            XCTAssertEqual(schedule.retryDelay(failures: failures, jitter: 0.9), .seconds(5))
        }
    }
}
