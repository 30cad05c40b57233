import ProxyCore
import XCTest

/// Pools that come one after the other, and have their connections of one allowance.
final class UpstreamAllowanceTests: ProxyTestCase {
    private final class User: UpstreamUser {
        private(set) var connection: UpstreamConnection?

        func upstreamConnected(_ connection: UpstreamConnection) { self.connection = connection }
        func upstreamUnavailable(_ failure: UpstreamFailure) { XCTFail("\(failure)") }
        func upstreamReady() {}

        func release(reusable: Bool) {
            let released = connection
            connection = nil
            released?.release(reusable: reusable)
        }
    }

    /// A loop, and an upstream that takes connections and says nothing.
    private final class Bench {
        private let driver: LoopDriver
        private let upstream: ScriptedUpstream

        init() throws {
            driver = try LoopDriver()
            upstream = try ScriptedUpstream { try $0.awaitEnd() }
        }

        deinit { driver.end() }

        func pool(_ allowance: UpstreamAllowance, max: Int) -> UpstreamPool {
            var options = UpstreamPoolOptions()
            options.connectionsMax = max
            return UpstreamPool(
                loop: driver.loop, addresses: [upstream.address], options: options, allowance: allowance)
        }

        func ask(_ pool: UpstreamPool) -> User {
            let user = User()
            if case .connected(let connection) = pool.acquire(for: user, fresh: false) {
                user.upstreamConnected(connection)
            }
            return user
        }

        func connected(_ pool: UpstreamPool, line: UInt = #line) -> User {
            let user = ask(pool)
            settle(user, line: line)
            return user
        }

        func settle(_ user: User, line: UInt = #line) {
            driver.run("connected", line: line) { user.connection != nil }
        }
    }

    func testConnectionsOfARetiredPoolCount() throws {
        let bench = try Bench()
        let allowance = UpstreamAllowance(connectionsMax: 2)
        let old = bench.pool(allowance, max: 2)
        let (first, second) = (bench.connected(old), bench.connected(old))
        let new = bench.pool(allowance, max: 2)
        old.retire()
        let (third, fourth) = (bench.ask(new), bench.ask(new))
        XCTAssertEqual(new.waitingCount, 2)
        XCTAssertEqual(allowance.taken, 2)
        first.release(reusable: true)
        bench.settle(third)
        XCTAssertEqual(allowance.taken, 2)
        XCTAssertNil(fourth.connection)
        second.release(reusable: false)
        bench.settle(fourth)
        XCTAssertEqual(old.count, 0)
        for user in [third, fourth] { user.release(reusable: false) }
        XCTAssertEqual(allowance.taken, 0)
    }

    /// What is at rest is no reason to wait, and who waits by older rules is not forgotten for the newer ones.
    func testThoseOfOlderRulesComeFirst() throws {
        let bench = try Bench()
        let allowance = UpstreamAllowance(connectionsMax: 1)
        let old = bench.pool(allowance, max: 1)
        let busy = bench.connected(old)
        let early = bench.ask(old)
        let new = bench.pool(allowance, max: 1)
        old.retire()
        let late = bench.ask(new)
        busy.release(reusable: false)
        bench.settle(early)
        XCTAssertNil(late.connection)
        early.release(reusable: true)
        bench.settle(late)
        // A request of the old rules that needs another connection now.
        let again = bench.ask(old)
        XCTAssertNil(again.connection)
        late.release(reusable: true)
        bench.settle(again)
        XCTAssertEqual(new.idleCount, 0)
        again.release(reusable: true)
        XCTAssertEqual(allowance.taken, 0)
        bench.connected(new).release(reusable: true)
        XCTAssertEqual(new.idleCount, 1)
        let last = bench.connected(old)
        XCTAssertEqual(new.idleCount, 0, "it has made room")
        last.release(reusable: true)
        XCTAssertEqual(allowance.taken, 0)
    }

    func testAPoolThatJoinsOthersTakesItsConnectionsAlong() throws {
        let bench = try Bench()
        let (one, two) = (UpstreamAllowance(connectionsMax: 1), UpstreamAllowance(connectionsMax: 1))
        let (mover, stayer) = (bench.pool(one, max: 1), bench.pool(one, max: 1))
        let busy = bench.connected(mover)
        let waiting = bench.ask(stayer)
        mover.join(two)
        XCTAssertEqual(two.taken, 1)
        bench.settle(waiting)
        XCTAssertEqual(one.taken, 1)
        for user in [busy, waiting] { user.release(reusable: false) }
        XCTAssertEqual(one.taken + two.taken, 0)
    }
}
