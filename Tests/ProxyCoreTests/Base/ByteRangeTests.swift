import ProxyCore
import XCTest

final class ByteRangeTests: XCTestCase {
    func testSliceAndCompare() {
        let bytes: [UInt8] = Array("Hello, World".utf8)
        let slice = bytes.span.slice(ByteRange(7, 12))
        XCTAssertEqual(slice.text, "World")
        let lower: [UInt8] = Array("wORLD".utf8)
        XCTAssertTrue(slice.equalsIgnoringCase(lower.span))
        XCTAssertFalse(slice.equals(lower.span))
    }
}
