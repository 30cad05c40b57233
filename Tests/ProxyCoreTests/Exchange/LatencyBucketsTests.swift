import ProxyCore
import XCTest

final class LatencyBucketsTests: XCTestCase {
    func testBoundsBelongToTheBucketBelow() {
        XCTAssertEqual(LatencyBuckets.bounds, LatencyBuckets.bounds.sorted())
        XCTAssertEqual(LatencyBuckets.number(of: .zero), 0)
        for (number, bound) in LatencyBuckets.bounds.enumerated() {
            XCTAssertEqual(LatencyBuckets.number(of: Interval(nanoseconds: bound)), number)
            XCTAssertEqual(LatencyBuckets.number(of: Interval(nanoseconds: bound + 1)), number + 1)
        }
        XCTAssertEqual(LatencyBuckets.number(of: Interval(nanoseconds: .max)), LatencyBuckets.count - 1)
    }
}
