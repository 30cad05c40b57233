import ProxyCore
import XCTest

final class SecureRandomTests: XCTestCase {
    func testLengthsAndDifference() {
        XCTAssertEqual(SecureRandom.bytes(0), [])
        // Above 256 bytes the kernel may deliver in parts.
        for count in [1, 16, 255, 257, 70_000] { XCTAssertEqual(SecureRandom.bytes(count).count, count) }
        XCTAssertNotEqual(SecureRandom.bytes(16), SecureRandom.bytes(16))
        XCTAssertNotEqual(SecureRandom.word(), SecureRandom.word())
    }
}
