import ProxyCore
import XCTest

final class IssuerURLTests: XCTestCase {
    func testWhereTheMetadataIs() throws {
        let rows = [
            ("https://auth.test", "https://auth.test/.well-known/oauth-authorization-server"),
            ("https://auth.test/", "https://auth.test/.well-known/oauth-authorization-server"),
            ("https://auth.test:8443/a/b-1/", "https://auth.test:8443/.well-known/oauth-authorization-server/a/b-1"),
            ("http://[::1]:80/x", "http://[::1]:80/.well-known/oauth-authorization-server/x"),
        ]
        for (name, metadata) in rows {
            let issuer = try XCTUnwrap(IssuerURL(name), name)
            XCTAssertEqual(issuer.name, name)
            XCTAssertEqual(issuer.metadataAddress, metadata)
        }
    }

    func testWhatIsNoIssuer() {
        let rows = [
            "", "auth.test", "ftp://auth.test", "https://", "https:///x", "https://:80", "https://user@auth.test",
            "https://auth.test?x", "https://auth.test#x", "https://auth.test/a?b", "https://auth.test//a",
            "https://auth.test/a//", "https://auth.test/../a", "https://auth.test/a/.", "https://auth.test/a%20b",
            "https://auth.test/a b", "HTTPS://auth.test", "https://auth.test/\u{E9}", "https://aut\u{E9}.test",
        ]
        for row in rows { XCTAssertNil(IssuerURL(row), row) }
    }
}
