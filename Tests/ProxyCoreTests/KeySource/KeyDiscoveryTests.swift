import ProxyCore
import XCTest

final class KeyDiscoveryTests: XCTestCase {
    func testWhereMetadataIs() throws {
        let table: [(String, String, String)] = [
            (
                "https://a", "https://a/.well-known/oauth-authorization-server",
                "https://a/.well-known/openid-configuration"
            ),
            (
                "https://a/", "https://a/.well-known/oauth-authorization-server",
                "https://a/.well-known/openid-configuration"
            ),
            (
                "https://a:8443/t1", "https://a:8443/.well-known/oauth-authorization-server/t1",
                "https://a:8443/t1/.well-known/openid-configuration"
            ),
            (
                "https://a/t1/", "https://a/.well-known/oauth-authorization-server/t1",
                "https://a/t1/.well-known/openid-configuration"
            ),
            (
                "https://a/realms/x%20y/", "https://a/.well-known/oauth-authorization-server/realms/x%20y",
                "https://a/realms/x%20y/.well-known/openid-configuration"
            ),
            (
                "HTTPS://A//", "https://a/.well-known/oauth-authorization-server/",
                "https://a//.well-known/openid-configuration"
            ),
            (
                "http://127.0.0.1:1/x", "http://127.0.0.1:1/.well-known/oauth-authorization-server/x",
                "http://127.0.0.1:1/x/.well-known/openid-configuration"
            ),
        ]
        for (issuer, first, second) in table {
            let discovery = try KeyDiscovery(issuer: issuer, allowsInsecure: false)
            XCTAssertEqual(discovery.authorizationServerMetadata, try KeyLocation(first), issuer)
            XCTAssertEqual(discovery.openIDConfiguration, try KeyLocation(second), issuer)
        }
    }

    func testIssuersThatLeadNowhere() throws {
        let table: [(String, KeyDiscovery.Problem)] = [
            ("", .notAnAddress(.notAnAddress)), ("auth.example.com", .notAnAddress(.notAnAddress)),
            ("urn:issuer", .notAnAddress(.notAnAddress)), ("https://a/?x=1", .query), ("https://a/?", .query),
            ("https://a/#f", .notAnAddress(.fragment)), ("https://u:p@a/", .notAnAddress(.credentials)),
            ("https:///a", .notAnAddress(.badHost)), ("http://a/", .insecure), ("http://10.0.0.1/", .insecure),
        ]
        for (issuer, problem) in table {
            XCTAssertThrowsError(try KeyDiscovery(issuer: issuer, allowsInsecure: false), issuer) { error in
                XCTAssertEqual(error as? KeyDiscovery.Problem, problem, issuer)
            }
        }
        XCTAssertNoThrow(try KeyDiscovery(issuer: "http://a/", allowsInsecure: true))
    }

    func testTheIssuerHasToBeTheSameToTheByte() throws {
        let issuer = "https://auth.example.com/caf\u{E9}"
        XCTAssertThrowsError(try KeyDiscovery(issuer: issuer, allowsInsecure: false), "no URL")
        let discovery = try KeyDiscovery(issuer: "https://Auth.example.com/a/", allowsInsecure: false)
        XCTAssertEqual(
            try discovery.keyLocation(in: document("https://Auth.example.com/a/")), try KeyLocation("https://k/jwks"))
        let others = [
            "https://auth.example.com/a/", "https://Auth.example.com/a", "https://Auth.example.com/a//",
            "https://Auth.example.com:443/a/", "https://Auth.example.com/a/\\u0000", "https://Auth.example.com/%61/",
            "http://Auth.example.com/a/", " https://Auth.example.com/a/", "https://Auth.example.com/b/", "",
        ]
        for other in others {
            let problem = problem(discovery, document(other))
            switch problem {
            case .otherIssuer, .otherIssuerBySlash: break
            case _: XCTFail("\(other): \(problem.map(\.message) ?? "accepted")")
            }
        }
        for value in ["null", "1", "[\"https://Auth.example.com/a/\"]", "{}"] {
            let text = "{\"issuer\":\(value),\"jwks_uri\":\"https://k/jwks\"}"
            XCTAssertEqual(
                problem(discovery, text),
                .otherIssuer(found: nil, expected: QuotedText("https://Auth.example.com/a/")))
        }
        XCTAssertNotNil(problem(discovery, "{\"jwks_uri\":\"https://k/jwks\"}"))
        let twice = "{\"issuer\":\"x\",\"issuer\":\"https://Auth.example.com/a/\",\"jwks_uri\":\"https://k/jwks\"}"
        XCTAssertNotNil(problem(discovery, twice))
    }

    func testWhatDiffersIsSaid() throws {
        let discovery = try KeyDiscovery(issuer: "https://a/", allowsInsecure: false)
        XCTAssertEqual(
            problem(discovery, document("https://a"))?.message,
            "the metadata is another issuer's: it names \"https://a\", and the configuration \"https://a/\"; "
                + "the slash at the end belongs to the name")
        XCTAssertEqual(
            problem(discovery, document("https://evil/\\n\\u001b[31m\\u202e"))?.message,
            "the metadata is another issuer's: it names \"https://evil/\\u{a}\\u{1b}[31m\\u{202e}\", "
                + "and the configuration \"https://a/\"")
        let long = problem(discovery, document(String(repeating: "x", count: 5000)))?.message ?? ""
        XCTAssertLessThan(long.utf8.count, 400)
    }

    func testTheAddressOfTheKeys() throws {
        let table: [(String, Bool, String, MetadataProblem?)] = [
            ("https://a", false, "\"https://b:1/k?x\"", nil),
            ("https://a", false, "\"http://b/k\"", .insecureKeyAddress),
            ("https://a", true, "\"http://b/k\"", nil),
            // Whoever is far away does not send us to our own services.
            ("https://a", false, "\"http://127.0.0.1/k\"", .insecureKeyAddress),
            ("http://localhost", false, "\"http://127.0.0.1:3/k\"", nil),
            ("http://localhost", false, "\"http://b/k\"", .insecureKeyAddress),
            ("https://a", false, "\"/k\"", .badKeyAddress), ("https://a", false, "\"\"", .badKeyAddress),
            ("https://a", false, "\"file:///k\"", .badKeyAddress), ("https://a", false, "1", .badKeyAddress),
            ("https://a", false, "\"https://u@b/k\"", .badKeyAddress), ("https://a", false, "null", .noKeyAddress),
            ("https://a", false, "\"https://b/k\\r\\nX: y\"", .badKeyAddress),
        ]
        for (issuer, allowsInsecure, value, expected) in table {
            let discovery = try KeyDiscovery(issuer: issuer, allowsInsecure: allowsInsecure)
            let text = "{\"issuer\":\"\(issuer)\",\"jwks_uri\":\(value)}"
            XCTAssertEqual(problem(discovery, text), expected, text)
        }
        let discovery = try KeyDiscovery(issuer: "https://a", allowsInsecure: false)
        let long = "https://b/" + String(repeating: "x", count: 100_000)
        XCTAssertEqual(
            problem(discovery, "{\"issuer\":\"https://a\",\"jwks_uri\":\"\(long)\"}"), .badKeyAddress)
        XCTAssertEqual(problem(discovery, "{\"issuer\":\"https://a\"}"), .noKeyAddress)
        for text in ["", "<html>", "[]", "{\"issuer\":\"https://a\",}", "null"] {
            XCTAssertNotNil(problem(discovery, text), text)
        }
    }

    private func document(_ issuer: String) -> String { "{\"issuer\":\"\(issuer)\",\"jwks_uri\":\"https://k/jwks\"}" }

    private func problem(_ discovery: KeyDiscovery, _ document: String) -> MetadataProblem? {
        do throws(MetadataProblem) {
            _ = try discovery.keyLocation(in: Array(document.utf8))
            return nil
        } catch {
            return error
        }
    }
}

extension KeyDiscovery {
    fileprivate func keyLocation(in document: String) throws(MetadataProblem) -> KeyLocation {
        try keyLocation(in: Array(document.utf8))
    }
}
