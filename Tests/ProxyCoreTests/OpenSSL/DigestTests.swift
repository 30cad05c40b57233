import ProxyCore
import XCTest

final class DigestTests: XCTestCase {
    func testKnownDigests() {
        // FIPS 180-2 appendix B, and the empty message.
        let rows = [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ]
        for (text, expected) in rows {
            let digest = Digest.sha256(text.utf8.span)
            let hex = digest.map { [ASCII.hexDigit($0 >> 4), ASCII.hexDigit($0 & 15)] }.flatMap(\.self)
            XCTAssertEqual(hex.span.text, expected)
        }
    }

    func testConstantTimeCompare() {
        let rows = [("", "", true), ("a", "a", true), ("a", "b", false), ("a", "ab", false), ("", "a", false)]
        for (left, right, equal) in rows {
            XCTAssertEqual(constantTimeEquals(left.utf8.span, right.utf8.span), equal, "\(left) \(right)")
        }
    }
}
