import Dispatch
import ProxyCore
import XCTest

final class UpstreamPoolTests: ProxyTestCase {
    private final class User: UpstreamUser {
        private(set) var connection: UpstreamConnection?
        private(set) var failure: UpstreamFailure?

        func upstreamConnected(_ connection: UpstreamConnection) { self.connection = connection }
        func upstreamUnavailable(_ failure: UpstreamFailure) { self.failure = failure }
        func upstreamReady() {}

        /// Notes what can be told at once.
        func take(_ acquisition: UpstreamPool.Acquisition) {
            switch acquisition {
            case .connected(let connection): self.connection = connection
            case .pending: break
            case .failed(let failure): self.failure = failure
            }
        }

        func release(reusable: Bool) {
            connection?.release(reusable: reusable)
            connection = nil
        }
    }

    /// A loop, and an upstream that takes connections and says nothing.
    private final class Bench {
        let driver: LoopDriver
        let upstream: ScriptedUpstream

        init() throws {
            driver = try LoopDriver()
            upstream = try ScriptedUpstream { try $0.awaitEnd() }
        }

        deinit { driver.end() }

        func pool(
            _ addresses: [SocketAddress]? = nil, max: Int = 4, idle: Interval = .seconds(50)
        ) -> UpstreamPool {
            var options = UpstreamPoolOptions()
            options.connectionsMax = max
            options.idle = idle
            return UpstreamPool(loop: driver.loop, addresses: addresses ?? [upstream.address], options: options)
        }

        func connected(_ pool: UpstreamPool, fresh: Bool = false, line: UInt = #line) -> User {
            let user = User()
            user.take(pool.acquire(for: user, fresh: fresh))
            driver.run("connected", line: line) { user.connection != nil || user.failure != nil }
            XCTAssertNotNil(user.connection, line: line)
            return user
        }

        /// Where nobody listens.
        func refusing() throws -> SocketAddress {
            let listener = try Socket.listen(on: ScriptedUpstream.loopback, sharedPort: false)
            return try XCTUnwrap(try Socket.localAddress(listener))
        }
    }

    func testTheOneUsedLastIsUsedNext() throws {
        let bench = try Bench()
        let pool = bench.pool()
        let users = (0..<3).map { _ in bench.connected(pool) }
        let connections = users.map(\.connection)
        for user in users { user.release(reusable: true) }
        XCTAssertEqual(pool.idleCount, 3)
        XCTAssertEqual(pool.count, 3)
        for expected in connections.reversed() {
            let user = bench.connected(pool)
            XCTAssertTrue(user.connection === expected)
            XCTAssertEqual(user.connection?.isReused, true)
        }
        XCTAssertEqual(pool.idleCount, 0)
        for connection in connections { connection?.release(reusable: false) }
        XCTAssertEqual(pool.count, 0)
    }

    /// What an upstream sends unasked would pass for the answer to the next request. The loop has not looked at the
    /// socket since the connection came to rest, so the pool has to.
    func testAConnectionOnWhichSomethingHasJustComeIsNotLent() throws {
        let driver = try LoopDriver()
        let said = DispatchSemaphore(value: 0)
        let ask = DispatchSemaphore(value: 0)
        let upstream = try ScriptedUpstream { conversation in
            if conversation.number == 0 {
                ask.wait()
                try conversation.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                said.signal()
            }
            try conversation.awaitEnd()
        }
        let pool = UpstreamPool(loop: driver.loop, addresses: [upstream.address], options: UpstreamPoolOptions())
        let user = User()
        user.take(pool.acquire(for: user, fresh: false))
        driver.run("connected") { user.connection != nil }
        user.release(reusable: true)
        XCTAssertEqual(pool.idleCount, 1)
        ask.signal()
        said.wait()
        let next = User()
        next.take(pool.acquire(for: next, fresh: false))
        XCTAssertNil(next.connection, "the connection with the unasked bytes was lent")
        driver.run("a fresh one") { next.connection != nil }
        XCTAssertEqual(next.connection?.isReused, false)
        next.release(reusable: false)
        driver.end()
    }

    /// Releases its connection as soon as the upstream has answered.
    private final class Reader: UpstreamUser {
        private(set) var connection: UpstreamConnection?
        private(set) var isDone = false

        func upstreamConnected(_ connection: UpstreamConnection) { self.connection = connection }
        func upstreamUnavailable(_ failure: UpstreamFailure) { XCTFail("\(failure)") }
        func upstreamReady() {
            guard let connection, case .bytes(6)? = try? connection.receive(into: ByteBuffer(capacity: 4096)) else {
                return
            }
            self.connection = nil
            isDone = true
            connection.release(reusable: true)
        }
    }

    /// Does something in a turn of the loop, after the events that come first.
    private final class Later: EventHandler {
        let pair: SocketPair
        let timer = DeadlineTimer()
        private let loop: EventLoop
        private let action: () -> Void
        private var registration = Registration(slot: 0, generation: 0)

        init(_ loop: EventLoop, _ action: @escaping () -> Void) throws {
            pair = try SocketPair()
            self.loop = loop
            self.action = action
            registration = loop.register(self)
            try loop.watchReadable(pair.near, registration)
        }

        func ready(_ readiness: Readiness) {
            loop.unregister(registration)
            loop.unwatch(pair.near)
            action()
        }

        func deadlineReached() {}
        func resume() {}
    }

    /// The answer and a caller's request are reported in one turn; between the two, the upstream says something more.
    func testBytesThatComeWithinTheTurnAreNotTheNextAnswer() throws {
        let driver = try LoopDriver()
        let (ask, said) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let upstream = try ScriptedUpstream { conversation in
            for text in conversation.number == 0 ? ["answer", "unasked"] : [] {
                ask.wait()
                try conversation.send(text)
                said.signal()
            }
            try conversation.awaitEnd()
        }
        let pool = UpstreamPool(loop: driver.loop, addresses: [upstream.address], options: UpstreamPoolOptions())
        let (reader, next) = (Reader(), User())
        guard case .pending = pool.acquire(for: reader, fresh: false) else { return XCTFail("at once") }
        driver.run("connected") { reader.connection != nil }
        var wasDone = false
        let later = try Later(driver.loop) {
            wasDone = reader.isDone
            ask.signal()
            said.wait()
            next.take(pool.acquire(for: next, fresh: false))
        }
        ask.signal()
        said.wait()
        let byte = ByteBuffer(capacity: 1)
        byte.append(0)
        XCTAssertEqual(try Socket.send(later.pair.far, from: byte), .bytes(1))
        driver.run("a connection") { next.connection != nil || next.failure != nil }
        XCTAssertTrue(wasDone, "the answer came first, in the same turn")
        XCTAssertEqual(next.connection?.isReused, false, "the connection with the unasked bytes was lent")
        next.release(reusable: false)
        driver.end()
    }

    /// Who cannot send a request again asks even a connection that is settled.
    func testAConnectionForARequestThatCannotBeRepeatedIsAskedAbout() throws {
        let driver = try LoopDriver()
        let (ask, ended) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let upstream = try ScriptedUpstream { conversation in
            if conversation.number == 0 {
                ask.wait()
                conversation.connection.endSending()
                ended.signal()
            }
            try conversation.awaitEnd()
        }
        let pool = UpstreamPool(loop: driver.loop, addresses: [upstream.address], options: UpstreamPoolOptions())
        let (first, next) = (User(), User())
        first.take(pool.acquire(for: first, fresh: false))
        driver.run("connected") { first.connection != nil }
        first.release(reusable: true)
        let waits = driver.loop.waits
        driver.loop.runSoon(driver)
        driver.run("another turn") { driver.loop.waits > waits }
        ask.signal()
        ended.wait()
        next.take(pool.acquire(for: next, fresh: false, surely: true))
        XCTAssertNil(next.connection, "a connection that the upstream has closed was lent")
        driver.run("a fresh one") { next.connection != nil }
        XCTAssertEqual(next.connection?.isReused, false)
        next.release(reusable: false)
        driver.end()
    }

    func testAFreshOneIsNeverReused() throws {
        let bench = try Bench()
        let pool = bench.pool(max: 1)
        bench.connected(pool).release(reusable: true)
        let user = bench.connected(pool, fresh: true)
        XCTAssertEqual(user.connection?.isReused, false)
        XCTAssertEqual(pool.count, 1)
        user.release(reusable: false)
    }

    func testThoseBeyondTheBoundWaitForTheirTurn() throws {
        let bench = try Bench()
        let pool = bench.pool(max: 1)
        let first = bench.connected(pool)
        let waiting = (0..<3).map { _ in User() }
        for user in waiting { user.take(pool.acquire(for: user, fresh: false)) }
        XCTAssertEqual(pool.waitingCount, 3)
        XCTAssertTrue(pool.cancel(waiting[1]))
        let connection = first.connection
        first.release(reusable: true)
        XCTAssertTrue(waiting[0].connection === connection)
        XCTAssertNil(waiting[2].connection)
        // One that is not given back makes place for a new one.
        waiting[0].release(reusable: false)
        bench.driver.run("connected") { waiting[2].connection != nil }
        XCTAssertFalse(waiting[2].connection === connection)
        XCTAssertNil(waiting[1].connection)
        XCTAssertEqual(pool.waitingCount, 0)
        waiting[2].release(reusable: false)
        XCTAssertEqual(pool.count, 0)
    }

    func testAnAttemptThatNobodyWaitsForIsGivenUp() throws {
        let bench = try Bench()
        let pool = bench.pool(max: 1)
        let (first, second) = (User(), User())
        first.take(pool.acquire(for: first, fresh: false))
        second.take(pool.acquire(for: second, fresh: false))
        XCTAssertFalse(pool.cancel(first))
        bench.driver.run("connected") { second.connection != nil }
        XCTAssertNil(first.connection)
        second.release(reusable: false)
        XCTAssertFalse(pool.cancel(first))
        XCTAssertEqual(pool.count, 0)
    }

    func testTheNextAddressIsTriedWhenOneRefuses() throws {
        let bench = try Bench()
        let addresses = [try bench.refusing(), try bench.refusing(), bench.upstream.address]
        let pool = bench.pool(addresses)
        let users = (0..<3).map { _ in bench.connected(pool) }
        XCTAssertEqual(pool.count, 3)
        for user in users { user.release(reusable: false) }
    }

    func testWhenNoAddressAnswers() throws {
        let bench = try Bench()
        for addresses in [[try bench.refusing(), try bench.refusing()], [.unix(path: "/nonexistent/socket")], []] {
            let pool = bench.pool(addresses)
            let user = User()
            user.take(pool.acquire(for: user, fresh: false))
            bench.driver.run("failed") { user.failure != nil }
            switch user.failure {
            case .unreachable(let error): XCTAssertTrue(error.isConnectionRefused)
            case .unresolved: XCTAssertEqual(addresses, [])
            case let failure: XCTFail("\(String(describing: failure))")
            }
            XCTAssertEqual(pool.count, 0)
            pool.setAddresses([bench.upstream.address])
            bench.connected(pool).release(reusable: false)
        }
    }

    func testConnectionsAtRestEndByThemselves() throws {
        let bench = try Bench()
        let pool = bench.pool(idle: .milliseconds(20))
        bench.connected(pool).release(reusable: true)
        XCTAssertEqual(pool.idleCount, 1)
        bench.driver.run("closed") { pool.count == 0 }
        XCTAssertEqual(pool.idleCount, 0)
    }

    func testAConnectionThatTheUpstreamClosedIsNotKept() throws {
        let bench = try Bench()
        let closing = try ScriptedUpstream { talk in if talk.number > 0 { try talk.awaitEnd() } }
        let pool = bench.pool([closing.address], max: 1)
        let user = bench.connected(pool)
        user.release(reusable: true)
        bench.driver.run("closed") { pool.idleCount == 0 }
        let waiting = User()
        waiting.take(pool.acquire(for: waiting, fresh: false))
        bench.driver.run("connected") { waiting.connection != nil }
        waiting.release(reusable: true)
        pool.closeIdle()
        XCTAssertEqual(pool.count, 0)
    }
}
