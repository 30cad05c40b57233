import ProxyCore
import XCTest

final class ByteSetTests: XCTestCase {
    func testMembership() {
        let set = ByteSet { $0 % 3 == 0 || $0 > 250 }
        for value in UInt8.min...UInt8.max { XCTAssertEqual(set[value], value % 3 == 0 || value > 250, "\(value)") }
    }

    /// RFC 9110 section 5.6.2, spelled out.
    func testTokenCharacters() {
        let tokens = Set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
        for value in UInt8.min...UInt8.max {
            XCTAssertEqual(ASCII.isTokenCharacter(value), tokens.contains(value), "\(value)")
        }
    }
}
