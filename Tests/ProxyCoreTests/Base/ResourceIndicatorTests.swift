import ProxyCore
import XCTest

final class ResourceIndicatorTests: XCTestCase {
    func testAnAbsoluteURIWithoutAFragment() {
        for text in ["https://api.example/", "urn:x", "a+b-c.1:x", "HTTP:x?y=%20"] {
            XCTAssertTrue(ResourceIndicator.isValid(text), text)
        }
        let bad = [
            "", ":", "x", "x:", ":x", "/a:b", "1a:x", "ht~tp:x", "h\u{E9}:x", "a:b#c", "a:b c", "a:\u{7F}", "a:\u{E9}",
            "a:\n",
        ]
        for text in bad { XCTAssertFalse(ResourceIndicator.isValid(text), text) }
    }
}
