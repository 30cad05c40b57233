import ProxyCore
import XCTest

final class ServiceNotifierTests: XCTestCase {
    private func notifier(_ values: [String: String], process: Int32 = 7) -> ServiceNotifier {
        ServiceNotifier({ values[$0] }, process: process)
    }

    func testWhatIsTold() {
        let rows: [(ServiceNotifier.Notice, String)] = [
            (.ready(status: "serving on 127.0.0.1:80"), "READY=1\nSTATUS=serving on 127.0.0.1:80"),
            (.reloading(at: Instant(nanoseconds: 1_234_567_890)), "RELOADING=1\nMONOTONIC_USEC=1234567"),
            (.stopping(status: "draining"), "STOPPING=1\nSTATUS=draining"),
            (.status("a\nFDSTORE=1\r\0b\u{e4}"), "STATUS=a FDSTORE=1  b\u{e4}"),
            (.alive, "WATCHDOG=1"),
        ]
        for (notice, text) in rows { XCTAssertEqual(notice.text, text) }
    }

    func testByAPathAndByAnAbstractName() throws {
        let directory = TemporaryDirectory()
        for name in [directory.path("notify"), "@scopeproxy-test-\(directory.path.suffix(36))"] {
            let heard = NoticeSocket(name)
            let notifier = notifier(["NOTIFY_SOCKET": name])
            XCTAssertNil(notifier.problem)
            XCTAssertTrue(notifier.tell(.ready(status: "on")))
            XCTAssertTrue(notifier.tell(.alive))
            XCTAssertEqual(heard.next(), "READY=1\nSTATUS=on")
            XCTAssertEqual(heard.next(), "WATCHDOG=1")
        }
    }

    func testWithoutSomebodyToTell() {
        XCTAssertTrue(notifier([:]).tell(.alive))
        XCTAssertTrue(notifier(["NOTIFY_SOCKET": ""]).tell(.alive))
        XCTAssertNil(notifier([:]).problem)
        XCTAssertFalse(notifier(["NOTIFY_SOCKET": "/nowhere/notify"]).tell(.alive))
    }

    func testNamesThatAreNone() {
        let long = "/" + String(repeating: "x", count: 107)
        for name in ["notify", "vsock:2:1", "@", "/", long, "@" + long] {
            let notifier = notifier(["NOTIFY_SOCKET": name, "WATCHDOG_USEC": "1000000"])
            XCTAssertNotNil(notifier.problem, name)
            XCTAssertNil(notifier.watchdog)
            XCTAssertTrue(notifier.tell(.alive))
        }
    }

    func testTheWatchdogsTime() {
        let rows: [([String: String], Interval?)] = [
            ([:], nil), (["WATCHDOG_USEC": "30000000"], .seconds(30)),
            (["WATCHDOG_USEC": "1500000", "WATCHDOG_PID": "7"], .seconds(1.5)),
            (["WATCHDOG_USEC": "1500000", "WATCHDOG_PID": "8"], nil),
            (["WATCHDOG_USEC": "1500000", "WATCHDOG_PID": "x"], nil), (["WATCHDOG_USEC": "0"], nil),
            (["WATCHDOG_USEC": "-1"], nil), (["WATCHDOG_USEC": "soon"], nil),
            (["WATCHDOG_USEC": "18446744073709551615"], nil),
        ]
        for (values, time) in rows {
            let all = values.merging(["NOTIFY_SOCKET": "@scopeproxy-nobody"]) { value, _ in value }
            XCTAssertEqual(notifier(all).watchdog, time, "\(values)")
            XCTAssertNil(notifier(values).watchdog, "nobody listens: \(values)")
        }
    }
}
