import ProxyCore
import XCTest

final class ASCIITests: XCTestCase {
    /// Every byte value at every place of a word, among others.
    func testEightBytesAreLowercasedAsOneIs() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededRandom(seed: seed)
        for value in UInt8.min ... .max {
            for place in 0..<8 {
                var bytes = random.bytes(8)
                bytes[place] = value
                let word = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                let expected = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(ASCII.lowercased($1)) }
                XCTAssertEqual(ASCII.lowercased(eight: word), expected, "seed \(seed)")
            }
        }
    }

    func testHexadecimalDigits() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededRandom(seed: seed)
        let values = [0, 1, 9, 10, 15, 16, 0x9A9A_F00F, 0xFFFF_FFFF] + (0..<1000).map { _ in random.next() >> 32 }
        for value in values {
            let text = String(value, radix: 16)
            let padded = String(repeating: "0", count: 8 - text.count) + text
            let word = padded.utf8.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            XCTAssertEqual(ASCII.hexDigits(of: UInt32(value)), word, "seed \(seed)")
        }
    }
}
