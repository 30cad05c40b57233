import ProxyCore
import XCTest

final class FormContentTests: XCTestCase {
    func testEncoding() {
        let table = [
            ("", ""), ("aZ09*-._", "aZ09*-._"), ("a b", "a+b"), ("+&=%;~/", "%2B%26%3D%25%3B%7E%2F"),
            ("ü\u{0}\u{7F}", "%C3%BC%00%7F"),
        ]
        for (text, encoded) in table {
            XCTAssertEqual(String(decoding: FormContent.encode(text), as: UTF8.self), encoded)
        }
        var form = FormContent()
        form.append("a", "1 2")
        form.append("a", "&")
        XCTAssertEqual(String(decoding: form.bytes, as: UTF8.self), "a=1+2&a=%26")
    }
}
