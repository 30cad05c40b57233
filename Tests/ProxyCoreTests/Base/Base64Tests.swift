import ProxyCore
import XCTest

final class Base64Tests: XCTestCase {
    func testTheVectorsOfTheRFC() {
        let table = [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ]
        for (text, encoded) in table {
            let bytes = Array(text.utf8)
            XCTAssertEqual(String(decoding: Base64.encode(bytes.span), as: UTF8.self), encoded)
        }
        let high: [UInt8] = [0xFB, 0xFF, 0xFE]
        XCTAssertEqual(String(decoding: Base64.encode(high.span), as: UTF8.self), "+//+")
    }
}
