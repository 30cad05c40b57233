import ProxyCore
import XCTest

final class EscapedTextTests: XCTestCase {
    func testWhatHasNoShapeIsWrittenOut() {
        let table = [
            ("", ""), ("plain /a\\b {c}", "plain /a\\b {c}"), ("größe 日本 🙂", "größe 日本 🙂"),
            ("a\nb\r\tc", #"a\nb\r\tc"#), ("\u{0}\u{1B}[31m\u{7F}", #"\u{0}\u{1B}[31m\u{7F}"#),
            ("\u{9B}2J", #"\u{9B}2J"#), ("\u{2028}\u{2029}", #"\u{2028}\u{2029}"#),
            ("\u{202E}gpj.\u{2066}x\u{200F}\u{FEFF}", #"\u{202E}gpj.\u{2066}x\u{200F}\u{FEFF}"#),
            ("\r\n", #"\r\n"#),
        ]
        for (text, shown) in table {
            XCTAssertEqual(EscapedText.line(text), shown)
            XCTAssertEqual(EscapedText.line(shown), shown, "once is enough")
        }
    }
}
