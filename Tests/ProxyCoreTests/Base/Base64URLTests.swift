import ProxyCore
import XCTest

final class Base64URLTests: XCTestCase {
    func testKnownTexts() {
        let rows: [(String, [UInt8])] = [
            ("", []), ("AA", [0]), ("AAA", [0, 0]), ("AAAA", [0, 0, 0]), ("_w", [255]), ("-_8", [0xFB, 0xFF]),
            ("Zg", Array("f".utf8)), ("Zm8", Array("fo".utf8)), ("Zm9v", Array("foo".utf8)),
            ("Zm9vYg", Array("foob".utf8)), ("Zm9vYmE", Array("fooba".utf8)), ("Zm9vYmFy", Array("foobar".utf8)),
            ("A-z_4ffuqw", [3, 236, 255, 225, 247, 238, 171]),
        ]
        for (text, bytes) in rows {
            XCTAssertEqual(decode(text), bytes, text)
            XCTAssertEqual(Base64URL.encode(bytes.span).span.text, text)
        }
    }

    func testEveryOtherTextIsRefused() {
        let rows = [
            "A", "AAAAA",  // one character of a group
            "Zg==", "Zg=", "Zm8=", "=", "====",  // padding
            "Zh", "Zn", "Z_", "Zm9", "Zm-", "AAAB_",  // unused bits that are set
            "Zm9v\n", " Zm9", "Zm 9v", "Zm9v\r\n", "\tZg", "Zg\0",  // white space and controls
            "+_8", "-/8", "a+b/", "Zm9v.", "Zm,v", "Zmév", "𝐙g",  // other alphabets
        ]
        for text in rows { XCTAssertNil(decode(text), text) }
    }

    func testEveryByteInEveryPlace() {
        let alphabet = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        for length in 1...5 where length % 4 != 1 {
            for place in 0..<length {
                for byte in 0...255 as ClosedRange<UInt8> {
                    var text = [UInt8](repeating: 0x41, count: length)
                    text[place] = byte
                    let decoded = Base64URL.decode(text.span)
                    if !alphabet.contains(byte) { XCTAssertNil(decoded, "\(byte) at \(place)") }
                    // What decodes is the one encoding of its bytes.
                    if let decoded { XCTAssertEqual(Base64URL.encode(decoded.span), text) }
                }
            }
        }
    }

    func testRoundTripOfRandomBytes() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            let bytes = random.bytes(random.next(upTo: 80))
            let text = Base64URL.encode(bytes.span)
            XCTAssertEqual(Base64URL.decode(text.span), bytes, "seed \(seed)")
        }
    }

    private func decode(_ text: String) -> [UInt8]? { Base64URL.decode(text.utf8.span) }
}
