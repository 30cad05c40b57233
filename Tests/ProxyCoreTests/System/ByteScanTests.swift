import ProxyCore
import XCTest

final class ByteScanTests: XCTestCase {
    /// Every byte value at every place of spans of every length up to three vectors, ending at a guard page.
    func testFirstControlFindsWhatALoopFinds() {
        let guarded = GuardedBytes()
        for count in 1...48 {
            for place in 0..<count {
                let values: [UInt8] = place % 7 == 0 ? Array(0...255) : [0, 9, 10, 13, 31, 32, 127, 128, 255]
                for value in values {
                    var bytes = [UInt8](repeating: 0x61, count: count)
                    bytes[place] = value
                    let isControl = value < 32 && value != 9 || value == 127
                    let found = guarded.withPrefix(count, of: bytes) { ByteScan.firstControl(in: $0, from: 0) }
                    let expected = isControl ? place : count
                    guard found == expected else { return XCTFail("\(value) at \(place) of \(count): \(found)") }
                }
            }
        }
    }

    func testFirstControlIsTheFirstOneAfterTheStart() {
        var bytes = [UInt8](repeating: 0x20, count: 64)
        for place in [3, 17, 18, 31, 63] { bytes[place] = 0x0D }
        let expected = [0: 3, 3: 3, 4: 17, 18: 18, 19: 31, 32: 63, 63: 63, 64: 64]
        for (start, place) in expected { XCTAssertEqual(ByteScan.firstControl(in: bytes.span, from: start), place) }
    }

    /// Every byte value at every place: what is skipped is letters, digits and hyphens, and never beyond the end.
    func testNameCharactersAreSkippedSixteenAtATime() {
        let guarded = GuardedBytes()
        for count in 1...48 {
            for place in 0..<count {
                let edges: [UInt8] = [0x2C, 0x2F, 0x3A, 0x40, 0x5B, 0x60, 0x7B, 0xAD]
                for value in place % 7 == 0 ? Array(0...255) : edges {
                    var bytes = [UInt8](repeating: 0x2D, count: count)
                    bytes[place] = value
                    let isSkipped = ASCII.isLetter(value) || ASCII.isDigit(value) || value == ASCII.hyphen
                    let whole = count / 16 * 16
                    let expected = isSkipped ? whole : min(place, whole)
                    let found = guarded.withPrefix(count, of: bytes) {
                        ByteScan.skipNameCharacters(in: $0, from: 0, to: count)
                    }
                    guard found == expected else { return XCTFail("\(value) at \(place) of \(count): \(found)") }
                }
            }
        }
        let bytes = [UInt8](repeating: 0x61, count: 40)
        XCTAssertEqual(ByteScan.skipNameCharacters(in: bytes.span, from: 3, to: 20), 19)
        XCTAssertEqual(ByteScan.skipNameCharacters(in: bytes.span, from: 20, to: 20), 20)
    }

    /// Against the comparison of one byte at a time, for all lengths, with one byte changed in every way.
    func testLiteralsAreFoundWhateverTheirCase() {
        let literals: [StaticString] = [
            "te", "age", "host", "proxy", "accept", "upgrade", "location", "forwarded", "connection", "retry-after",
            "content-type", "authorization", "content-length", "x-forwarded-for", "www-authenticate",
            "transfer-encoding", "proxy-authenticate", "proxy-authorization",
        ]
        let guarded = GuardedBytes()
        for literal in literals {
            let bytes = literal.bytes.copied()
            for place in bytes.indices {
                for value in UInt8.min ... .max {
                    var changed = bytes
                    changed[place] = value
                    let expected = ASCII.lowercased(value) == bytes[place]
                    let found = guarded.withPrefix(changed.count, of: changed) { $0.equalsIgnoringCase(literal) }
                    guard found == expected else { return XCTFail("\(literal) with \(value) at \(place)") }
                }
            }
            XCTAssertFalse(guarded.withPrefix(bytes.count - 1, of: bytes) { $0.equalsIgnoringCase(literal) })
        }
    }

    func testFirstIndex() {
        let bytes = Array("abcabc".utf8)
        for (start, place) in [(0, 1), (1, 1), (2, 4), (5, nil), (6, nil)] as [(Int, Int?)] {
            XCTAssertEqual(ByteScan.firstIndex(of: 0x62, in: bytes.span, from: start), place)
        }
        let empty: [UInt8] = []
        XCTAssertNil(ByteScan.firstIndex(of: 0, in: empty.span))
    }

    func testAgreesWithAPlainSearch() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededRandom(seed: seed)
        let guarded = GuardedBytes()
        for _ in 0..<3000 {
            let length = random.next(upTo: 100)
            let rarity = 1 + random.next(upTo: 40)
            let bytes = random.bytes(length).map { random.next(upTo: rarity) == 0 ? $0 % 33 : $0 | 0x80 }
            let start = random.next(upTo: length + 1)
            let wanted = UInt8(random.next(upTo: 33))
            guarded.withPrefix(length, of: bytes) { span in
                let control = bytes[start...].firstIndex { $0 < 32 && $0 != 9 || $0 == 127 } ?? length
                XCTAssertEqual(ByteScan.firstControl(in: span, from: start), control, "seed \(seed)")
                let index = bytes[start...].firstIndex(of: wanted)
                XCTAssertEqual(ByteScan.firstIndex(of: wanted, in: span, from: start), index, "seed \(seed)")
            }
        }
    }

    func testEquality() {
        let bytes = Array("abcdefghijklmnopqrstuvwxyz".utf8)
        for length in 0...bytes.count {
            let left = Array(bytes.prefix(length))
            XCTAssertTrue(ByteScan.equal(left.span, Array(bytes.prefix(length)).span))
            if length < bytes.count { XCTAssertFalse(ByteScan.equal(left.span, bytes.span)) }
            for index in left.indices {
                var right = left
                right[index] ^= 1
                XCTAssertFalse(ByteScan.equal(left.span, right.span))
            }
        }
    }

    func testFixedArrayKeepsWhatIsPutIn() {
        var array = FixedArray(repeating: UInt16(7), count: 100)
        for index in 0..<100 where index % 3 == 0 { array[index] = UInt16(index) }
        for index in 0..<100 { XCTAssertEqual(array[index], index % 3 == 0 ? UInt16(index) : 7) }
    }

    func testFirstUnplain() {
        let guarded = GuardedBytes()
        for count in 0..<50 {
            for byte in [0x00, 0x1F, 0x20, 0x21, 0x22, 0x23, 0x5B, 0x5C, 0x5D, 0x7E, 0x7F, 0x80, 0xFF] as [UInt8] {
                let isPlain = byte >= 0x20 && byte < 0x7F && byte != 0x22 && byte != 0x5C
                for place in 0..<max(count, 1) {
                    var bytes = [UInt8](repeating: 0x61, count: count)
                    if place < count { bytes[place] = byte }
                    let expected = isPlain ? count : min(place, count)
                    let found = guarded.withPrefix(count, of: bytes) { ByteScan.firstUnplain(in: $0) }
                    XCTAssertEqual(found, expected, "\(byte) at \(place) of \(count)")
                }
            }
        }
    }
}
