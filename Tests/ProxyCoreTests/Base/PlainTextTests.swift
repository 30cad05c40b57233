import ProxyCore
import XCTest

final class PlainTextTests: XCTestCase {
    func testOnlyPrintableASCIIIsLeft() {
        let table: [(String, String, String)] = [
            ("", "", "\"\""), ("CN=a, O=b", "CN=a, O=b", "\"CN=a, O=b\""),
            ("a\"b\\c", "a\"b\\c", "\"a\\u{22}b\\u{5c}c\""),
            ("a\r\nb\u{1B}[2J\u{0}", "a\\u{d}\\u{a}b\\u{1b}[2J\\u{0}", "\"a\\u{d}\\u{a}b\\u{1b}[2J\\u{0}\""),
            ("\u{430}\u{202E}\u{7F}", "\\u{430}\\u{202e}\\u{7f}", "\"\\u{430}\\u{202e}\\u{7f}\""),
        ]
        for (text, line, quoted) in table {
            XCTAssertEqual(PlainText.line(text), line)
            XCTAssertEqual(PlainText.quoted(text), quoted)
            XCTAssertEqual(QuotedText(text).description, quoted)
        }
    }

    func testLongTextsAreCut() {
        let long = String(repeating: "x", count: 2000)
        XCTAssertEqual(PlainText.line(long), String(repeating: "x", count: 1000) + "…")
        XCTAssertEqual(PlainText.quoted(long), "\"" + String(repeating: "x", count: 200) + "…\"")
        XCTAssertEqual(PlainText.quoted(String(repeating: "x", count: 200)).utf8.count, 202)
    }
}
