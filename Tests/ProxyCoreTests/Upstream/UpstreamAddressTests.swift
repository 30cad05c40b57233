import ProxyCore
import XCTest

/// Which of several addresses of the upstream is tried, and when.
final class UpstreamAddressTests: XCTestCase {
    private final class User: UpstreamUser {
        private(set) var connection: UpstreamConnection?
        private(set) var failure: UpstreamFailure?

        func upstreamConnected(_ connection: UpstreamConnection) { self.connection = connection }
        func upstreamUnavailable(_ failure: UpstreamFailure) { self.failure = failure }
        func upstreamReady() {}
    }

    /// A listener of the kernel's own: what waits in its queue has been connected to it.
    private final class Place {
        let listener: FileDescriptor
        let address: SocketAddress

        init(backlog: Int32 = 100) throws {
            listener = try Socket.listen(on: ScriptedUpstream.loopback, sharedPort: false, backlog: backlog)
            address = try XCTUnwrap(try Socket.localAddress(listener))
        }

        func takeConnection() throws -> Bool {
            switch try Socket.accept(from: listener) {
            case .some: true
            case .none: false
            }
        }

        func awaitConnection() throws {
            try Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(20)).awaitReadable(listener)
        }
    }

    private func pool(
        _ loop: EventLoop, _ places: [Place], max: Int = 4, connect: Interval? = nil
    ) -> UpstreamPool {
        var options = UpstreamPoolOptions()
        options.connectionsMax = max
        options.connect = connect
        return UpstreamPool(loop: loop, addresses: places.map(\.address), options: options)
    }

    private func begin(_ pool: UpstreamPool, fresh: Bool = false, line: UInt = #line) -> User {
        let user = User()
        guard case .pending = pool.acquire(for: user, fresh: fresh) else {
            XCTFail("not pending", line: line)
            return user
        }
        return user
    }

    /// An address that swallows packets never fails; giving up on it is what says that it is no good.
    func testAnAttemptThatIsGivenUpMovesOn() throws {
        let places = [try Place(), try Place(), try Place()]
        let pool = pool(try EventLoop(), places)
        // Two that gave up on the same address moved on once.
        let (first, second) = (begin(pool), begin(pool))
        pool.cancel(first)
        pool.cancel(second)
        let third = begin(pool)
        try places[1].awaitConnection()
        XCTAssertFalse(try places[2].takeConnection())
        pool.cancel(third)
        pool.cancel(begin(pool))
        try places[2].awaitConnection()
        XCTAssertEqual(pool.count, 0)
    }

    /// Each address has its share of the time, so that the next one is tried while its user still waits.
    func testAnAddressThatDoesNotAnswerIsLeftInTime() throws {
        let driver = try LoopDriver()
        defer { driver.end() }
        let silent = try Place(backlog: 0)
        let place = try Place()
        // The kernel drops what it has no room for in the queue.
        let fillers = [try RawClient(silent.address)]
        let more = try Socket.connect(to: silent.address)
        let evenMore = try Socket.connect(to: silent.address)
        let pool = pool(driver.loop, [silent, place], connect: .milliseconds(60))
        let user = begin(pool)
        driver.run("connected") { user.connection != nil || user.failure != nil }
        XCTAssertNotNil(user.connection)
        try place.awaitConnection()
        user.connection?.release(reusable: false)
        XCTAssertEqual(pool.count, 0)
        for filler in fillers { filler.close() }
        Socket.resetOnClose(more)
        Socket.resetOnClose(evenMore)
    }

    /// Whoever waits for a fresh connection gets one, and not the one that has just come back.
    func testAWaitingUserIsNotLentAUsedConnection() throws {
        let driver = try LoopDriver()
        defer { driver.end() }
        let place = try Place()
        let pool = pool(driver.loop, [place], max: 1)
        let first = begin(pool)
        driver.run("connected") { first.connection != nil }
        let (second, third) = (begin(pool, fresh: true), begin(pool))
        XCTAssertEqual(pool.waitingCount, 2)
        first.connection?.release(reusable: true)
        driver.run("connected") { second.connection != nil }
        XCTAssertEqual(second.connection?.isReused, false)
        XCTAssertEqual(pool.count, 1)
        let connection = second.connection
        connection?.release(reusable: true)
        XCTAssertTrue(third.connection === connection)
        try place.awaitConnection()
        third.connection?.release(reusable: false)
        XCTAssertEqual(pool.count, 0)
    }
}
