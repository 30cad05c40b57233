import ProxyCore
import Synchronization
import XCTest

final class ConnectionBudgetTests: XCTestCase {
    func testLimitsMayChange() {
        let budget = ConnectionBudget(max: 1, maxPerAddress: nil)
        let peer = SocketAddress.ip(IPAddress(v4: 1), port: 1)
        XCTAssertTrue(budget.reserve() && budget.admit(peer))
        XCTAssertFalse(budget.reserve())
        XCTAssertTrue(budget.setLimits(max: 3, maxPerAddress: 1), "a worker waits")
        XCTAssertFalse(budget.setLimits(max: 3, maxPerAddress: 1))
        // The one from before counts.
        XCTAssertTrue(budget.reserve())
        XCTAssertFalse(budget.admit(peer))
        XCTAssertEqual(budget.refusedForAddress, 1)
        _ = budget.setLimits(max: 3, maxPerAddress: nil)
        XCTAssertTrue(budget.admit(peer))
        XCTAssertTrue(budget.reserve() && budget.admit(peer))
        for _ in 0..<3 {
            budget.leave(peer)
            _ = budget.release()
        }
        budget.leave(peer)
        XCTAssertEqual(budget.connections, 0)
        XCTAssertEqual(budget.max, 3)
    }

    func testPlacesOfTheProcess() {
        let budget = ConnectionBudget(max: 2, maxPerAddress: nil)
        XCTAssertTrue(budget.reserve())
        XCTAssertTrue(budget.reserve())
        XCTAssertFalse(budget.release(), "nobody waits")
        XCTAssertTrue(budget.reserve())
        XCTAssertFalse(budget.reserve())
        XCTAssertEqual(budget.connections, 2)
        XCTAssertTrue(budget.release(), "one waits")
        XCTAssertFalse(budget.release())
        XCTAssertEqual(budget.connections, 0)
    }

    func testPlacesOfAnAddress() throws {
        let budget = ConnectionBudget(max: 10, maxPerAddress: 2)
        let one = SocketAddress.ip(IPAddress(v4: 1), port: 1)
        let same = SocketAddress.ip(try XCTUnwrap(IPAddress("::ffff:0.0.0.1")), port: 2)
        let other = SocketAddress.ip(IPAddress(v4: 2), port: 1)
        XCTAssertTrue(budget.admit(one))
        XCTAssertTrue(budget.admit(same))
        XCTAssertFalse(budget.admit(one))
        XCTAssertEqual(budget.refusedForAddress, 1)
        XCTAssertTrue(budget.admit(other))
        XCTAssertTrue(budget.admit(.unix(path: "/a")))
        budget.leave(same)
        XCTAssertTrue(budget.admit(one))
        XCTAssertFalse(budget.admit(one))
        for peer in [one, one, other, other] { budget.leave(peer) }
        XCTAssertTrue(budget.admit(one))
    }

    /// One caller has at least 2^64 addresses of IPv6.
    func testANetworkOfIPv6CountsAsOneAddress() throws {
        let budget = ConnectionBudget(max: 10, maxPerAddress: 1)
        func peer(_ text: String) throws -> SocketAddress { .ip(try XCTUnwrap(IPAddress(text)), port: 1) }
        XCTAssertTrue(budget.admit(try peer("2001:db8:1:2::1")))
        XCTAssertFalse(budget.admit(try peer("2001:db8:1:2:ffff:ffff:ffff:ffff")))
        XCTAssertTrue(budget.admit(try peer("2001:db8:1:3::1")))
        XCTAssertTrue(budget.admit(try peer("::1")))
        XCTAssertTrue(budget.admit(try peer("127.0.0.1")))
        XCTAssertTrue(budget.admit(try peer("127.0.0.2")))
        budget.leave(try peer("2001:db8:1:2::5"))
        XCTAssertTrue(budget.admit(try peer("2001:db8:1:2::1")))
    }

    /// Workers that wait only for the call after a failed `reserve` all get on, and the bound is never passed.
    func testNobodyWaitsForEver() throws {
        let (workers, rounds, max) = (4, 3000, 2)
        let budget = ConnectionBudget(max: max, maxPerAddress: nil)
        let bells = try (0..<workers).map { _ in try WakeUp() }
        let patience = Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(20))
        let finished = Recorder<Int>()
        let inside = Held()
        let threads = try (0..<workers).map { worker in
            try Thread.start(name: "worker") {
                for _ in 0..<rounds {
                    while !budget.reserve() {
                        guard (try? patience.awaitSignal(of: bells[worker])) != nil else { return }
                    }
                    inside.enter(max)
                    inside.leave()
                    if budget.release() { for bell in bells { bell.signal() } }
                }
                finished.record(worker)
            }
        }
        for thread in threads { thread.join() }
        XCTAssertEqual(finished.values.sorted(), Array(0..<workers))
        XCTAssertEqual(budget.connections, 0)
    }

    private final class Held: Sendable {
        private let count = Atomic<Int>(0)

        func enter(_ max: Int) {
            let now = count.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
            precondition(now <= max, "\(now) places of \(max)")
        }

        func leave() { count.wrappingSubtract(1, ordering: .sequentiallyConsistent) }
    }
}
