import ProxyCore
import XCTest

final class HexDigitsTests: XCTestCase {
    func testDigitsAndNumbersAreInverse() {
        var random = SeededRandom(seed: 7)
        let numbers = [0, 1, .max, 0x0123_4567_89AB_CDEF, 0xA0B1_C2D3_E4F5_9687] + (0..<1000).map { _ in random.next() }
        for number in numbers {
            let digits = HexDigits(number)
            let bytes = [digits.first, digits.last].flatMap { word in
                (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
            }
            let text = String(number, radix: 16)
            XCTAssertEqual(
                String(decoding: bytes, as: UTF8.self), String(repeating: "0", count: 16 - text.count) + text)
            XCTAssertEqual(HexDigits.number(in: bytes.span, from: 0), number)
        }
    }

    func testOnlyLowerCaseDigitsAreRead() {
        for byte in UInt8.min ... .max {
            let isDigit = byte >= 0x30 && byte <= 0x39 || byte >= 0x61 && byte <= 0x66
            XCTAssertEqual(HexDigits.lowercaseValue(byte) != nil, isDigit)
            for place in 0..<16 {
                var bytes = [UInt8](repeating: 0x30, count: 16)
                bytes[place] = byte
                XCTAssertEqual(HexDigits.number(in: bytes.span, from: 0) != nil, isDigit)
            }
        }
    }
}
