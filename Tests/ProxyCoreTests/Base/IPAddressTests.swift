import ProxyCore
import XCTest

final class IPAddressTests: XCTestCase {
    func testTexts() {
        let rows: [(String, String?)] = [
            ("0.0.0.0", "0.0.0.0"), ("127.0.0.1", "127.0.0.1"), ("255.255.255.255", "255.255.255.255"),
            ("1.2.3", nil), ("1.2.3.4.5", nil), ("256.1.1.1", nil), ("01.2.3.4", nil), ("1.2.3.", nil),
            ("1..2.3", nil), ("+1.2.3.4", nil), ("1.2.3.4 ", nil), ("0x7f.0.0.1", nil), ("1234", nil), ("", nil),
            ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:DB8::1", "2001:db8::1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
            ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("1:2:3:0:5:6:7:8", "1:2:3:0:5:6:7:8"), ("::2:0:0:3", "::2:0:0:3"),
            ("::ffff:1.2.3.4", "1.2.3.4"), ("::ffff:102:304", "1.2.3.4"), ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
            ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"), (":", nil), (":::", nil), ("1:::2", nil), ("1::2::3", nil),
            ("1:2:3:4:5:6:7", nil), ("1:2:3:4:5:6:7:8:9", nil), ("1:2:3:4:5:6:7::8", nil), ("12345::", nil),
            ("g::", nil), (":1:2:3:4:5:6:7", nil), ("1:2:3:4:5:6:7:", nil), ("::1%eth0", nil), ("[::1]", nil),
            ("::1.2.3", nil), ("1.2.3.4::", nil), ("::1.2.3.4:5", nil), ("1::2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
        ]
        for (text, expected) in rows { XCTAssertEqual(IPAddress(text)?.description, expected, text) }
    }

    func testLoopback() {
        for text in ["127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"] {
            XCTAssertEqual(IPAddress(text)?.isLoopback, true, text)
        }
        for text in ["128.0.0.1", "10.0.0.1", "::", "::2", "1::1", "0.0.0.0"] {
            XCTAssertEqual(IPAddress(text)?.isLoopback, false, text)
        }
    }

    func testBlocks() throws {
        let rows: [(block: String, inside: [String], outside: [String])] = [
            ("10.0.0.0/8", ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"], ["11.0.0.0", "9.255.255.255", "::a00:1"]),
            ("10.1.2.3", ["10.1.2.3"], ["10.1.2.2", "::1"]), ("10.1.2.3/32", ["10.1.2.3"], ["10.1.2.2"]),
            ("10.1.2.3/31", ["10.1.2.2", "10.1.2.3"], ["10.1.2.4"]),
            ("0.0.0.0/0", ["0.0.0.0", "255.1.2.3"], ["::1", "2001:db8::1"]),
            ("::/0", ["::1", "2001:db8::1", "1.2.3.4"], []), ("::1", ["::1"], ["::2", "127.0.0.1"]),
            ("2001:db8::/32", ["2001:db8::1", "2001:db8:ffff::"], ["2001:db9::", "1.2.3.4"]),
            ("2001:db8::/64", ["2001:db8::ffff:1:2:3"], ["2001:db8:0:1::"]),
            ("2001:db8::/65", ["2001:db8::7fff:1:2:3"], ["2001:db8::8000:0:0:0"]),
            ("2001:db8::/127", ["2001:db8::1"], ["2001:db8::2"]),
        ]
        for row in rows {
            let block = try XCTUnwrap(CIDR(row.block), row.block)
            for text in row.inside {
                XCTAssertTrue(block.contains(try XCTUnwrap(IPAddress(text))), "\(row.block) \(text)")
            }
            for text in row.outside {
                XCTAssertFalse(block.contains(try XCTUnwrap(IPAddress(text))), "\(row.block) \(text)")
            }
        }
        let refused = ["", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "::/129", "::/1x", "/8"]
        for text in refused { XCTAssertNil(CIDR(text), text) }
    }
}
