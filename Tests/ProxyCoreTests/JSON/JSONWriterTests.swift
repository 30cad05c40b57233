import ProxyCore
import XCTest

final class JSONWriterTests: XCTestCase {
    func testContainersAndCommas() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("a")
        writer.number(-1)
        writer.key("b")
        writer.beginArray()
        writer.string("x")
        writer.bool(true)
        writer.null()
        writer.beginObject()
        writer.endObject()
        writer.beginArray()
        writer.endArray()
        writer.endArray()
        writer.key(String("c"))
        writer.number(Int64.min)
        writer.endObject()
        XCTAssertEqual(
            text(writer), #"{"a":-1,"b":["x",true,null,{},[]],"c":-9223372036854775808}"#)
        writer.removeAll()
        writer.number(0)
        XCTAssertEqual(text(writer), "0")
    }

    func testSeconds() {
        for (value, expected) in [
            (0, "0.000"), (1.5, "1.500"), (-0.0005, "-0.001"), (12.3456, "12.346"), (1e300, "1000000000000.000"),
            (.infinity, "null"), (.nan, "null"),
        ] as [(Double, String)] {
            var writer = JSONWriter()
            writer.number(thousandths: value)
            XCTAssertEqual(text(writer), expected)
        }
    }

    func testEscapes() {
        let table: [(String, String)] = [
            ("a\"b\\c/", #""a\"b\\c/""#), ("\n\r\t", #""\n\r\t""#), ("\u{0}\u{1F}\u{7F}", #""\u0000\u001f\u007f""#),
            ("é😀", "\"é😀\""), ("\u{80}\u{9B}\u{A0}", #""\u0080\u009b"# + "\u{A0}\""),
            ("\u{2028}\u{2029}\u{202A}", #""\u2028\u2029"# + "\u{202A}\""), ("", "\"\""),
        ]
        for (value, expected) in table {
            var writer = JSONWriter()
            writer.string(value)
            XCTAssertEqual(text(writer), expected)
        }
    }

    func testInvalidUTF8BecomesReplacementCharacters() throws {
        let bytes: [UInt8] = [0x61, 0xC3, 0x62, 0xFF, 0xED, 0xA0, 0x80, 0xE2, 0x82]
        var writer = JSONWriter()
        writer.string(bytes.span)
        XCTAssertEqual(text(writer), "\"a\u{FFFD}b\(String(repeating: "\u{FFFD}", count: 6))\"")
    }

    func testWhatIsWrittenIsReadBack() throws {
        for first in 0...255 {
            let bytes = [UInt8(first), 0x80, 0xBF, 0x22, 0x5C, UInt8(first)]
            var writer = JSONWriter()
            writer.beginArray()
            writer.string(bytes.span)
            writer.endArray()
            let document = try JSONDocument(parsing: writer.bytes)
            // How many replacement characters stand for a run of invalid bytes differs from decoder to decoder.
            let kept = document.root.elements.first?.string?.unicodeScalars.filter { $0 != "\u{FFFD}" }
            let expected = String(decoding: bytes, as: UTF8.self).unicodeScalars.filter { $0 != "\u{FFFD}" }
            XCTAssertEqual(kept.map(String.init), String(expected), "\(first)")
        }
    }

    private func text(_ writer: JSONWriter) -> String { String(decoding: writer.bytes, as: UTF8.self) }
}
