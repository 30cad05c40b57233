import ProxyCore
import XCTest

final class LoopPulseTests: XCTestCase {
    func testATurnUnderWayHasAnAgeAndALoopThatWaitsHasNone() {
        let pulse = LoopPulse()
        let now = Clock.monotonic()
        XCTAssertNil(pulse.turnTime(at: now))
        pulse.turnBegan(now)
        XCTAssertEqual(pulse.turnTime(at: now.advanced(by: .seconds(3))), .seconds(3))
        pulse.turnEnded()
        XCTAssertNil(pulse.turnTime(at: now.advanced(by: .seconds(3))))
    }

    /// What comes at the end of a turn may wait for the log's reader, and is not in it.
    func testALoopTellsOfItsTurns() throws {
        let pulse = LoopPulse()
        let loop = try EventLoop(pulse: pulse)
        let handler = Resumed(pulse)
        loop.runSoon(handler)
        loop.run {
            XCTAssertNil(pulse.turnTime(at: Clock.monotonic()))
            loop.stop()
        }
        XCTAssertTrue(handler.sawItsTurn)
    }

    private final class Resumed: EventHandler {
        let timer = DeadlineTimer()
        private let pulse: LoopPulse
        private(set) var sawItsTurn = false

        init(_ pulse: LoopPulse) { self.pulse = pulse }

        func ready(_ readiness: Readiness) {}
        func deadlineReached() {}
        func resume() { sawItsTurn = pulse.turnTime(at: Clock.monotonic()) != nil }
    }
}
