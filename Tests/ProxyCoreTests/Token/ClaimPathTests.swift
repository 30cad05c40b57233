import ProxyCore
import XCTest

final class ClaimPathTests: XCTestCase {
    func testFindsClaims() throws {
        let claims = #"""
            {"scope":"a","realm_access":{"roles":["b"],"x":{"y":1}},"https://x.y/roles":["c"],"realm.access":"d",
             "a.b":{"c":"e"},"a":{"b":"f","b.c":"g"},"back\\slash":"h","null":null,"list":[{"x":1}]}
            """#
        let root = try JSONDocument(parsing: Array(claims.utf8)).root
        let rows: [(String, String?)] = [
            ("scope", "\"a\""), ("realm_access.roles", "[\"b\"]"), ("realm_access.x.y", "1"),
            ("https://x.y/roles", "[\"c\"]"), (#"https://x\.y/roles"#, "[\"c\"]"), ("realm.access", "\"d\""),
            (#"realm\.access"#, "\"d\""), (#"a\.b.c"#, "\"e\""), (#"a.b\.c"#, "\"g\""), ("null", "null"),
            ("a.b", "{\"c\":\"e\"}"), (#"back\\slash"#, "\"h\""),
            // The name as a whole, then step by step: never anything between.
            ("a.b.c", nil), ("Scope", nil), ("scope.x", nil), ("list.x", nil), ("list.0", nil), ("null.x", nil),
            ("realm_access.missing", nil), ("realm_access.roles.0", nil),
        ]
        let bytes = Array(claims.utf8)
        for (text, expected) in rows {
            let value = try XCTUnwrap(ClaimPath(dotted: text), text).value(in: root)
            XCTAssertEqual(value.map { bytes.span.slice($0.range).text }, expected, text)
        }
    }

    func testPathsThatAreNone() {
        for text in ["", ".", "a.", ".a", "a..b", #"a\"#, #"a\b"#, #"\"#, #"a.\"#] {
            XCTAssertNil(ClaimPath(dotted: text), text)
        }
    }
}
