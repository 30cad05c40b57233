import ProxyCore
import XCTest

/// Random lives of a key source: a server that fails in spells, a clock that jumps, storms of unknown `kid`s.
final class KeySourceStateRandomTests: XCTestCase {
    func testInvariantsHoldInRandomLives() {
        for _ in 0..<300 {
            let seed = UInt64.random(in: .min ... .max)
            var life = Life(seed: seed)
            for _ in 0..<400 { life.step() }
            if let broken = life.broken { return XCTFail("seed \(seed): \(broken)") }
        }
    }

    func testAStormOfUnknownKidsIsBounded() {
        var life = Life(seed: 7)
        life.failureRate = 0
        for _ in 0..<10_000 { life.request() }
        XCTAssertNil(life.broken)
        // The one at start, which the first requests join, and the one that the storm gets.
        XCTAssertLessThanOrEqual(life.fetches, 2)
    }
}

private struct Life {
    var random: SeededRandom
    var failureRate: Double
    private(set) var broken: String?
    private(set) var fetches = 0

    private let schedule: KeySchedule
    private var state: KeySourceState
    private var now = Instant(nanoseconds: 1_000_000_000)
    private var fetchStarted: Instant?
    private var startedByRequest = false
    private var lastRequestedFetch: Instant?
    private var lastSuccess: Instant?
    private var lastLifetime = Interval.seconds(0)
    private var unanswered = 0

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        var refresh = KeyRefresh()
        refresh.minLifetime = .seconds(Double.random(in: 1...60, using: &random))
        refresh.cooldown = .seconds(Double.random(in: 1...60, using: &random))
        refresh.stale = .seconds(Double.random(in: 0...2000, using: &random))
        schedule = KeySchedule(refresh)
        failureRate = Double.random(in: 0...1, using: &random)
        state = KeySourceState(schedule, now: now)
    }

    mutating func step() {
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<3: pass(.seconds(Double.random(in: 0...5, using: &random)))
        case 3: pass(.seconds(Double.random(in: 0...1000, using: &random)))
        case 4: pass(state.nextDeadline == .never ? .seconds(1) : state.nextDeadline.since(now))
        case 5: failureRate = Double.random(in: 0...1, using: &random)
        case 6..<8: request()
        case _: endFetch()
        }
        if fetchStarted == nil && state.nextDeadline == .never { broken = "nothing will ever happen again" }
        if fetchStarted == nil && unanswered > 0 { broken = "requests were left without an answer" }
    }

    mutating func request() {
        unanswered += 1
        perform(state.refetchRequested(now), requested: true)
    }

    private mutating func pass(_ interval: Interval) {
        now = now.advanced(by: interval)
        perform(state.timePassed(now), requested: false)
        let isOverdue = fetchStarted == nil && state.nextDeadline <= now
        if isOverdue { broken = "a deadline is left behind" }
    }

    private mutating func endFetch() {
        guard fetchStarted != nil else { return }
        fetchStarted = nil
        let jitter = Double.random(in: 0..<1, using: &random)
        if Double.random(in: 0..<1, using: &random) < failureRate {
            perform(state.fetchFailed(now: now, jitter: jitter), requested: false)
        } else {
            lastLifetime = schedule.lifetime(.seconds(Double.random(in: 0...2000, using: &random)))
            lastSuccess = now
            perform(state.fetchSucceeded(lifetime: lastLifetime, now: now, jitter: jitter), requested: false)
            if state.phase(at: now) != .fresh { broken = "a success does not make the keys fresh" }
        }
        if startedByRequest { lastRequestedFetch = now }
        if unanswered > 0 { broken = "a fetch ended without settling the requests" }
    }

    private mutating func perform(_ actions: [KeySourceState.Action], requested: Bool) {
        for action in actions {
            switch action {
            case .fetch: startFetch(requested)
            case .readDiskCopy: if lastSuccess != nil { broken = "the disk was read after a success" }
            case .dropKeys: checkDrop()
            case .settleRefetches: unanswered = 0
            }
        }
    }

    private mutating func startFetch(_ requested: Bool) {
        if fetchStarted != nil { broken = "two fetches are in flight" }
        if requested, let last = lastRequestedFetch, now < last.advanced(by: schedule.refresh.cooldown) {
            broken = "a kid caused a fetch within the cooldown"
        }
        fetchStarted = now
        startedByRequest = requested
        fetches += 1
    }

    private mutating func checkDrop() {
        guard let lastSuccess else { return broken = "keys were dropped that never came" }
        let earliest = lastSuccess.advanced(by: max(schedule.refresh.stale, lastLifetime))
        if now < earliest { broken = "keys were dropped too early" }
        if state.keys != .none { broken = "keys were dropped and kept" }
    }
}
