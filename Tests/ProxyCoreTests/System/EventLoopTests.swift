import ProxyCore
import XCTest

final class EventLoopTests: XCTestCase {
    /// Owns one end of a connection and notes what the loop reports.
    private final class Probe: EventHandler {
        let loop: EventLoop
        let pair: SocketPair
        var timer = DeadlineTimer()
        private(set) var registration = Registration(slot: 0, generation: 0)
        private(set) var readiness: Readiness = []
        private(set) var reports = 0
        private(set) var deadlines = 0
        private(set) var resumed = 0
        var onReady: (Readiness) -> Void = { _ in }
        var onDeadline: () -> Void = {}

        init(_ loop: EventLoop, watches: Bool = true, comesFirst: Bool = false) throws {
            self.loop = loop
            pair = try SocketPair()
            registration = loop.register(self, comesFirst: comesFirst)
            if watches { try loop.watchConnection(pair.near, registration) }
        }

        func ready(_ readiness: Readiness) {
            reports += 1
            self.readiness.formUnion(readiness)
            onReady(readiness)
        }

        func deadlineReached() {
            deadlines += 1
            onDeadline()
        }

        func resume() { resumed += 1 }

        func setDeadline(_ deadline: Instant) { timer.set(deadline, registration, loop) }

        func unregister() {
            onReady = { _ in }
            onDeadline = {}
            loop.unregister(registration)
        }
    }

    private func send(_ text: String, _ socket: borrowing FileDescriptor) throws {
        let buffer = ByteBuffer(capacity: 1000)
        buffer.append(Array(text.utf8).span)
        XCTAssertEqual(try Socket.send(socket, from: buffer), .bytes(text.utf8.count))
    }

    func testReportsEachChangeOnce() throws {
        let driver = try LoopDriver()
        let probe = try Probe(driver.loop)
        driver.run("writable") { probe.readiness.contains(.writable) }
        XCTAssertFalse(probe.readiness.contains(.readable))
        try send("x", probe.pair.far)
        driver.run("readable") { probe.readiness.contains(.readable) }
        let reports = probe.reports
        driver.loop.runSoon(probe)
        driver.run("resumed") { probe.resumed == 1 }
        XCTAssertEqual(probe.reports, reports, "what has not changed was reported again")
        XCTAssertFalse(probe.readiness.contains(.closing))
        Socket.shutdownSending(probe.pair.far)
        driver.run("closing") { probe.readiness.contains(.closing) }
        probe.unregister()
        driver.end()
    }

    /// All are ready in the same turn, those that come first were ready last.
    func testSomeComeFirst() throws {
        let driver = try LoopDriver()
        let probes = try [false, false, true, false, true].map { try Probe(driver.loop, comesFirst: $0) }
        driver.run("writable") { probes.allSatisfy { $0.reports > 0 } }
        var order: [Int] = []
        for (number, probe) in probes.enumerated() { probe.onReady = { _ in order.append(number) } }
        let waits = driver.loop.waits
        for probe in probes { try send("x", probe.pair.far) }
        driver.run("readable") { order.count == probes.count }
        XCTAssertEqual(order, [2, 4, 0, 1, 3])
        XCTAssertGreaterThan(driver.loop.waits, waits)
        XCTAssertEqual(driver.loop.sweptWait, driver.loop.waits)
        for probe in probes { probe.unregister() }
        driver.end()
    }

    /// Both are ready in the same turn; whoever comes first takes the other's place away, and somebody else gets it.
    func testAnEventOnItsWayDoesNotReachTheNextOwnerOfThePlace() throws {
        let driver = try LoopDriver()
        let (one, other) = (try Probe(driver.loop), try Probe(driver.loop))
        driver.run("writable") { one.reports > 0 && other.reports > 0 }
        var successor: Probe?
        func replace(_ victim: Probe) {
            guard successor == nil else { return }
            victim.unregister()
            successor = try? Probe(driver.loop, watches: false)
        }
        one.onReady = { _ in replace(other) }
        other.onReady = { _ in replace(one) }
        try send("x", one.pair.far)
        try send("x", other.pair.far)
        driver.run("replaced") { successor != nil }
        let last = try XCTUnwrap(successor)
        driver.loop.runSoon(last)
        driver.run("resumed") { last.resumed == 1 }
        XCTAssertEqual(last.reports, 0)
        XCTAssertEqual(Set([one, other].map(\.registration.slot)).contains(last.registration.slot), true)
        XCTAssertNotEqual(last.registration, one.registration)
        XCTAssertNotEqual(last.registration, other.registration)
        for probe in [one, other, last] where probe.registration != last.registration || probe === last {
            probe.onReady = { _ in }
        }
        driver.end()
    }

    func testAHandlerMayLeaveWhileItIsCalled() throws {
        let driver = try LoopDriver()
        let probe = try Probe(driver.loop)
        var left = false
        probe.onReady = { _ in
            probe.unregister()
            left = true
        }
        driver.run("left") { left }
        XCTAssertEqual(probe.reports, 1)
        driver.end()
    }

    func testLevelTriggeredDescriptorsAreReportedUntilUnwatched() throws {
        let driver = try LoopDriver()
        let probe = try Probe(driver.loop, watches: false)
        try driver.loop.watchReadable(probe.pair.near, probe.registration)
        try send("x", probe.pair.far)
        driver.run("three reports") { probe.reports >= 3 }
        driver.loop.unwatch(probe.pair.near)
        let reports = probe.reports
        driver.loop.runSoon(probe)
        driver.run("resumed") { probe.resumed == 1 }
        XCTAssertEqual(probe.reports, reports)
        probe.unregister()
        driver.end()
    }

    // MARK: - Deadlines

    func testDeadlinesComeInTheirOrderAndNotBefore() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededRandom(seed: seed)
        let driver = try LoopDriver()
        var probes: [Probe] = []
        var fired: [Int] = []
        for index in 0..<20 {
            let probe = try Probe(driver.loop, watches: false)
            let start = driver.loop.now
            // The last of several settings counts, earlier or later than those before.
            for _ in 0..<4 { probe.setDeadline(start.advanced(by: .milliseconds(random.next(upTo: 60)))) }
            let deadline = start.advanced(by: .milliseconds(random.next(upTo: 60)))
            probe.setDeadline(deadline)
            if index % 5 == 0 { probe.setDeadline(.never) }
            probe.onDeadline = {
                XCTAssertLessThanOrEqual(deadline, driver.loop.now, "seed \(seed)")
                XCTAssertEqual(probe.timer.deadline, .never)
                fired.append(index)
            }
            probes.append(probe)
        }
        driver.run("all") { fired.count == 16 }
        XCTAssertEqual(Set(fired), Set((0..<20).filter { $0 % 5 != 0 }), "seed \(seed)")
        XCTAssertEqual(probes.map(\.deadlines).max(), 1)
        for probe in probes { probe.unregister() }
        driver.end()
    }

    func testADeadlineOfOneWhoHasLeftIsDropped() throws {
        let driver = try LoopDriver()
        let gone = try Probe(driver.loop, watches: false)
        gone.setDeadline(driver.loop.now)
        gone.unregister()
        let successor = try Probe(driver.loop, watches: false)
        XCTAssertEqual(gone.registration.slot, successor.registration.slot)
        driver.loop.runSoon(successor)
        driver.run("resumed") { successor.resumed == 1 }
        XCTAssertEqual(gone.deadlines + successor.deadlines, 0)
        successor.unregister()
        driver.end()
    }

    /// Connections that come and go leave far deadlines behind, which must not pile up until those come.
    func testOvertakenWakeUpsAreDropped() throws {
        let driver = try LoopDriver()
        let stays = try Probe(driver.loop, watches: false)
        stays.setDeadline(driver.loop.now.advanced(by: .seconds(3600)))
        let pair = try Probe(driver.loop, watches: false)
        for round in 1...20 {
            for _ in 0..<500 {
                let registration = driver.loop.register(pair)
                pair.timer = DeadlineTimer()
                pair.timer.set(driver.loop.now.advanced(by: .seconds(75)), registration, driver.loop)
                driver.loop.unregister(registration)
            }
            driver.loop.runSoon(pair)
            driver.run("resumed") { pair.resumed == round }
            XCTAssertLessThan(driver.loop.wakeUpCount, 2000)
        }
        stays.setDeadline(driver.loop.now)
        driver.run("the one that stayed") { stays.deadlines == 1 }
        stays.unregister()
        pair.unregister()
        driver.end()
    }
}
