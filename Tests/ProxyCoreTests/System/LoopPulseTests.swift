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

    func testALoopTellsOfItsTurns() throws {
        let pulse = LoopPulse()
        let loop = try EventLoop(pulse: pulse)
        let handler = Resumed()
        loop.runSoon(handler)
        loop.run {
            XCTAssertNotNil(pulse.turnTime(at: Clock.monotonic()))
            loop.stop()
        }
        XCTAssertNil(pulse.turnTime(at: Clock.monotonic()))
    }

    private final class Resumed: EventHandler {
        let timer = DeadlineTimer()
        func ready(_ readiness: Readiness) {}
        func deadlineReached() {}
        func resume() {}
    }
}
