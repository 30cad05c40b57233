import ProxyCore
import XCTest

final class CounterBlockTests: XCTestCase {
    func testCountersAreZeroAtFirstAndApart() throws {
        // More than a page of them.
        let block = try CounterBlock(count: 1000)
        XCTAssertTrue((0..<block.count).allSatisfy { block[$0] == 0 })
        for index in 0..<block.count { block.add(UInt64(index), to: index) }
        block.add(5, to: 999)
        block.set(3, to: 70)
        var expected = (0..<1000).map { UInt64($0) }
        expected[3] = 70
        expected[999] = 1004
        XCTAssertEqual((0..<block.count).map { block[$0] }, expected)
    }

    /// Read while it is written, a counter never goes back, and in the end it holds everything.
    func testWhatOneThreadCountsAnotherReads() throws {
        let block = try CounterBlock(count: 2)
        let rounds: UInt64 = 200_000
        let writer = try ProxyCore.Thread.start(name: "writer") {
            for _ in 0..<rounds {
                block.add(1, to: 0)
                block.add(3, to: 1)
            }
        }
        var last: UInt64 = 0
        for _ in 0..<10_000 {
            let now = block[0]
            XCTAssertGreaterThanOrEqual(now, last)
            last = now
        }
        writer.join()
        XCTAssertEqual([block[0], block[1]], [rounds, 3 * rounds])
    }
}
