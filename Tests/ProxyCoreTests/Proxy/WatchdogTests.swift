import ProxyCore
import XCTest

final class WatchdogTests: XCTestCase {
    private func notifier(_ heard: NoticeSocket, microseconds: Int) -> ServiceNotifier {
        let values = ["NOTIFY_SOCKET": heard.name, "WATCHDOG_USEC": "\(microseconds)"]
        return ServiceNotifier { values[$0] }
    }

    func testItBeatsAsLongAsLoopsTurn() throws {
        let directory = TemporaryDirectory()
        let heard = NoticeSocket(directory.path("notify"))
        let pulses = [LoopPulse(), LoopPulse()]
        // One is in a turn that has just begun.
        pulses[1].turnBegan(Clock.monotonic().advanced(by: .seconds(3600)))
        let watchdog = try Watchdog.start(notifier(heard, microseconds: 20_000), pulses: pulses)
        for _ in 0..<5 { XCTAssertEqual(heard.next(), "WATCHDOG=1") }
        watchdog?.end()
    }

    /// The first loop is stuck from the start; what is told then was told before.
    func testItIsSilentWhenOneIsStuck() throws {
        let directory = TemporaryDirectory()
        let heard = NoticeSocket(directory.path("notify"))
        let pulses = [LoopPulse(), LoopPulse()]
        pulses[0].turnBegan(Instant(nanoseconds: 1))
        let watchdog = try XCTUnwrap(try Watchdog.start(notifier(heard, microseconds: 2000), pulses: pulses))
        // It beats again when the loop goes on, and that is the first one heard.
        XCTAssertTrue(heard.isQuiet)
        pulses[0].turnEnded()
        XCTAssertEqual(heard.next(), "WATCHDOG=1")
        watchdog.end()
    }

    func testItIsNotThereWhereNobodyWatches() throws {
        XCTAssertNil(try Watchdog.start(ServiceNotifier(), pulses: [LoopPulse()]))
    }
}
