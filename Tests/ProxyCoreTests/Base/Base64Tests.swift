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
            XCTAssertEqual(Base64.decode(encoded.utf8.span), bytes)
        }
        let high: [UInt8] = [0xFB, 0xFF, 0xFE]
        XCTAssertEqual(String(decoding: Base64.encode(high.span), as: UTF8.self), "+//+")
        XCTAssertEqual(Base64.decode("+//+".utf8.span), high)
    }

    func testWhatIsNotTheOneEncodingIsRefused() {
        for text in [
            "Zg", "Zg=", "Zg===", "Z===", "====", "=", "Zm9vYg==Zm9v", "Zm=v", "Zh==", "Zm9=", "-__-", "Zm9v ", "Zm9\n",
            "Zm9v\u{0}AAA", "Zm9\u{E9}",
        ] {
            XCTAssertNil(Base64.decode(text.utf8.span), text)
        }
    }
}
