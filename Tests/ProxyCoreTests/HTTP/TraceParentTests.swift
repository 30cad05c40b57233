import ProxyCore
import XCTest

/// The grammar of `traceparent` (W3C Trace Context, section 3.2).
final class TraceParentTests: XCTestCase {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let parent = "00f067aa0ba902b7"

    /// What each value is read as, in version 00; nil where it is not to be used.
    static let table: [(value: String, read: String?)] = [
        ("00-\(trace)-\(parent)-00", "00-\(trace)-\(parent)-00"),
        ("00-\(trace)-\(parent)-01", "00-\(trace)-\(parent)-01"),
        // Random, of level 2, is passed on; what nobody has defined is not.
        ("00-\(trace)-\(parent)-03", "00-\(trace)-\(parent)-03"),
        ("00-\(trace)-\(parent)-ff", "00-\(trace)-\(parent)-03"),
        ("00-\(trace)-\(parent)-fc", "00-\(trace)-\(parent)-00"),
        ("00-00000000000000000000000000000001-0000000000000001-00",
         "00-00000000000000000000000000000001-0000000000000001-00"),
        // Versions to come: as long as today's, or longer behind a hyphen; of the flags, the one that is known.
        ("01-\(trace)-\(parent)-01", "00-\(trace)-\(parent)-01"),
        ("cc-\(trace)-\(parent)-ff-what-may-come", "00-\(trace)-\(parent)-01"),
        ("fe-\(trace)-\(parent)-02-", "00-\(trace)-\(parent)-00"),
        ("cc-\(trace)-\(parent)-01.what", nil), ("cc-\(trace)-\(parent)-010", nil), ("cc-\(trace)-\(parent)", nil),
        ("cc-\(trace)-\(parent)-", nil), ("cc-\(trace)-\(parent)-0", nil),
        // Version 00 has nothing behind the flags.
        ("00-\(trace)-\(parent)-01-", nil), ("00-\(trace)-\(parent)-01-what", nil), ("00-\(trace)-\(parent)-011", nil),
        ("ff-\(trace)-\(parent)-01", nil), ("ff-\(trace)-\(parent)-01-x", nil), ("FF-\(trace)-\(parent)-01", nil),
        ("0-\(trace)-\(parent)-01", nil), ("000-\(trace)-\(parent)-01", nil), ("0g-\(trace)-\(parent)-01", nil),
        ("..-\(trace)-\(parent)-01", nil), ("0A-\(trace)-\(parent)-01", nil), ("-\(trace)-\(parent)-01", nil),
        // Identifiers: not all zero, lower case, of their length.
        ("00-00000000000000000000000000000000-\(parent)-01", nil), ("00-\(trace)-0000000000000000-01", nil),
        ("00-\(trace.uppercased())-\(parent)-01", nil), ("00-\(trace)-\(parent.uppercased())-01", nil),
        ("00-\(trace.dropLast())-\(parent)-01", nil), ("00-\(trace)0-\(parent)-01", nil),
        ("00-\(trace.dropLast())g-\(parent)-01", nil), ("00-\(trace)-\(parent.dropLast())-01", nil),
        ("00-\(trace)-\(parent)0-01", nil), ("00-\(trace)-\(parent.dropLast()).-01", nil),
        // Flags and hyphens.
        ("00-\(trace)-\(parent)-0A", nil), ("00-\(trace)-\(parent)-1", nil), ("00-\(trace)-\(parent)-.0", nil),
        ("00-\(trace)-\(parent)", nil), ("00_\(trace)-\(parent)-01", nil), ("00-\(trace)_\(parent)-01", nil),
        ("00-\(trace)-\(parent)_01", nil), ("00\(trace)\(parent)01", nil), ("", nil), ("00", nil), ("00-", nil),
        // What a proxy that joins fields makes of two of them.
        ("00-\(trace)-\(parent)-01, 00-\(trace)-\(parent)-01", nil), ("00-\(trace)-\(parent)-01,", nil),
        ("\"00-\(trace)-\(parent)-01\"", nil),
    ]

    func testTheTable() {
        let guarded = GuardedBytes()
        for (value, read) in Self.table {
            let parsed = guarded.withPrefix(value.utf8.count, of: Array(value.utf8)) { TraceParent($0) }
            XCTAssertEqual(parsed.map { Self.text($0) }, read, value)
        }
    }

    /// Every byte at every place: what is read is what was there.
    func testEveryByteAtEveryPlace() {
        let good = Array("00-\(Self.trace)-\(Self.parent)-01".utf8)
        for place in good.indices {
            for byte in UInt8.min ... .max {
                var value = good
                value[place] = byte
                guard let parsed = TraceParent(value.span) else { continue }
                var expected = value
                expected[0] = 0x30
                expected[1] = 0x30
                expected[53] = 0x30
                if place == 54 { expected[54] = Self.knownFlags(byte) }
                XCTAssertEqual(Self.text(parsed), String(decoding: expected, as: UTF8.self), "\(byte) at \(place)")
            }
        }
    }

    private static func knownFlags(_ digit: UInt8) -> UInt8 { 0x30 + (ASCII.hexValue(digit) ?? 0) % 4 }

    private static func text(_ parent: TraceParent) -> String {
        let buffer = ByteBuffer(capacity: TraceParent.textBytes)
        parent.append(to: buffer)
        return buffer.readable.text
    }
}
