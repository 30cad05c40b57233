import Foundation
import ProxyCore
import XCTest

final class LogLineTests: XCTestCase {
    /// 2023-11-14T22:13:20.123Z
    private let moment: UInt64 = 1_700_000_000_123_456_789

    private func line(_ format: LogFormat, _ fields: (inout LogLines) -> Void) -> String {
        var lines = LogLines(format: format)
        lines.begin(.warn, "event", wallNanoseconds: moment)
        fields(&lines)
        lines.end()
        XCTAssertEqual(lines.count, 1)
        return lines.bytes.text
    }

    /// Any byte a caller may send gives one line of valid JSON that says which byte it was.
    func testEveryByteIsEscapedInJSON() throws {
        for byte in UInt8.min ... .max {
            let value: [UInt8] = [0x61, byte, 0x62]
            let text = line(.json) { $0.field("path", value.span) }
            XCTAssertEqual(text.filter(\.isNewline).count, 1)
            XCTAssertTrue(text.utf8.dropLast().allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "\(byte)")
            let document = try JSONDocument(parsing: Array(text.utf8.dropLast()))
            XCTAssertEqual(document.root["path"]?.string, "a" + String(Unicode.Scalar(byte)) + "b")
            XCTAssertEqual(document.root["time"]?.string, "2023-11-14T22:13:20.123Z")
            XCTAssertEqual(document.root["level"]?.string, "warn")
            XCTAssertEqual(document.root["event"]?.string, "event")
        }
    }

    func testEveryByteIsEscapedInText() {
        for byte in UInt8.min ... .max {
            let value: [UInt8] = [byte]
            let text = line(.text) { $0.field("path", value.span) }
            XCTAssertTrue(text.utf8.dropLast().allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "\(byte)")
            let plain = byte > 0x20 && byte < 0x7F && ![0x22, 0x5C, 0x3D].contains(byte)
            let printable = byte >= 0x20 && byte < 0x7F
            let escaped =
                byte == 0x22 || byte == 0x5C
                ? "\\" + String(Unicode.Scalar(byte))
                : printable ? String(Unicode.Scalar(byte)) : "\\u00" + String(format: "%02x", byte)
            XCTAssertEqual(
                text, "2023-11-14T22:13:20.123Z warn event path=\(plain ? escaped : "\"\(escaped)\"")\n", "\(byte)")
        }
    }

    func testNumbersDurationsAndEmptyValues() throws {
        let fields: (inout LogLines) -> Void = { line in
            for number in [0, 7, -12, Int.max] { line.field("n", number) }
            line.field("ms", Interval(nanoseconds: 1_234_567_890))
            line.field("short", Interval(nanoseconds: 5_999))
            line.field("none", "" as String)
            line.field("word", "fixed" as StaticString)
        }
        let values = ["0", "7", "-12", "\(Int.max)", "1234.567", "0.005", "\"\""]
        let keys = ["n", "n", "n", "n", "ms", "short", "none"]
        let text = zip(keys, values).map { "\($0)=\($1)" }.joined(separator: " ") + " word=fixed\n"
        XCTAssertTrue(line(.text, fields).hasSuffix(" event " + text))
        let json = zip(keys, values).map { "\"\($0)\":\($1)" }.joined(separator: ",") + ",\"word\":\"fixed\"}\n"
        XCTAssertTrue(line(.json, fields).hasSuffix("," + json))
    }

    func testIdentifiersAddressesAndNumbersOfOthers() throws {
        let addresses = [
            "127.0.0.1:80", "[::1]:0", "[2001:db8::ff00:42:8329]:65535", "[::]:1", "[1::]:1", "[1:0:0:2::3]:1",
            "[1:2:3:4:5:6:7:8]:443", "[0:1:0:1:0:1:0:1]:2", "[1:0:2::3]:3", "0.0.0.0:4", "255.10.9.100:5",
        ]
        let fields: (inout LogLines) -> Void = { line in
            line.field("short", hex: 0x0123_4567_89AB_CDEF)
            line.field("long", hex: 1, .max)
            line.field("share", number: Array("1e-05".utf8).span)
            for text in addresses {
                let parts = text.split(separator: ":").map(String.init)
                let host = text.dropLast((parts.last ?? "").count + 1).filter { $0 != "[" && $0 != "]" }
                guard let address = IPAddress(String(host)), let port = parts.last.flatMap({ UInt16($0) }) else {
                    return XCTFail(text)
                }
                XCTAssertEqual(address.description, String(host))
                line.field("peer", SocketAddress.ip(address, port: port))
            }
            line.field("peer", SocketAddress.unix(path: "/secret"))
        }
        let long = String(repeating: "0", count: 15) + "1" + String(repeating: "f", count: 16)
        let text = "short=0123456789abcdef long=\(long) share=1e-05"
        let peers = addresses + ["unix"]
        XCTAssertTrue(line(.text, fields).hasSuffix(" event \(text)" + peers.map { " peer=\($0)" }.joined() + "\n"))
        let json = "\"short\":\"0123456789abcdef\",\"long\":\"\(long)\",\"share\":1e-05"
        let end = ",\(json)" + peers.map { ",\"peer\":\"\($0)\"" }.joined() + "}\n"
        XCTAssertTrue(line(.json, fields).hasSuffix(end))
    }

    /// One value cannot make a line as long as its sender likes, and a cut is told from what was sent.
    func testLongValuesAreCut() throws {
        let max = LogLines.valueBytesMax
        for count in [0, 1, 15, 16, 17, max - 1, max, max + 1, 100_000] {
            for byte in [0x61, 0x22, 0x00, 0xFF] as [UInt8] {
                let value = [UInt8](repeating: byte, count: count)
                let text = line(.json) { $0.field("subject", value.span) }
                let document = try JSONDocument(parsing: Array(text.utf8.dropLast()))
                let kept = String(repeating: String(Unicode.Scalar(byte)), count: min(count, max))
                XCTAssertEqual(document.root["subject"]?.string, kept + (count > max ? "\u{2026}" : ""), "\(count)")
                let plain = line(.text) { $0.field("subject", value.span) }
                XCTAssertEqual(plain.contains("\\u2026\"\n"), count > max)
                XCTAssertLessThanOrEqual(plain.utf8.count, 6 * max + 100)
            }
        }
    }

    /// The time is made anew whenever it has changed, in whichever order lines come.
    func testTimesOfManyLines() {
        var lines = LogLines(format: .text, capacity: 1)
        for (nanoseconds, time) in [
            (0, "1970-01-01T00:00:00.000Z"), (999_000_000, "1970-01-01T00:00:00.999Z"),
            (951_782_399_001_000_000, "2000-02-28T23:59:59.001Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00.000Z"),
            (951_782_399_999_999_999, "2000-02-28T23:59:59.999Z"),
        ] as [(UInt64, String)] {
            lines.begin(.info, "e", wallNanoseconds: nanoseconds)
            lines.end()
            XCTAssertEqual(lines.bytes.text, "\(time) info e\n")
            lines.removeAll()
            XCTAssertTrue(lines.isEmpty)
        }
    }
}
