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
        return String(decoding: lines.bytes, as: UTF8.self)
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
}
