import ProxyCore
import XCTest

/// What an issuer's entry and the environment say about the way to its keys.
final class IssuerNetworkTests: XCTestCase {
    private let files = TemporaryDirectory()

    func testAnIssuerWithoutKeysIsDiscovered() throws {
        let issuers = try load(
            #"{"issuer": "https://a/t/", "audiences": ["x"]}"#,
            #"{"issuer": "http://b", "audiences": ["x"], "allow_insecure": true}"#)
        guard case .discovery(let first) = issuers[0].keys, case .discovery(let second) = issuers[1].keys else {
            return XCTFail("not discovered")
        }
        XCTAssertEqual(first.issuer, "https://a/t/")
        XCTAssertEqual(first.openIDConfiguration.text, "https://a/t/.well-known/openid-configuration")
        XCTAssertEqual(second.authorizationServerMetadata.text, "http://b/.well-known/oauth-authorization-server")
        XCTAssertEqual(issuers.map(\.access.caFile), [nil, nil])
    }

    func testTheProxiesAreThoseOfTheEnvironment() throws {
        let issuers = try load(
            #"{"issuer": "i", "audiences": ["x"], "jwks_uri": "https://a/jwks"}"#,
            #"{"issuer": "j", "audiences": ["x"], "jwks_uri": "https://a.direct/jwks"}"#)
        let routes = try issuers.map { issuer in
            guard case .network(let location) = issuer.keys else { throw NotOfTheNetwork() }
            return issuer.access.proxies.route(to: location)
        }
        XCTAssertEqual(routes, [.proxy(try ForwardProxy("proxy.test:3128")), .direct])
    }

    func testAFileOfAuthorities() throws {
        let pem = String(decoding: TestCertificates().authority.pem, as: UTF8.self)
        files.write(pem, to: "ca.pem")
        let issuers = try load(
            #"{"issuer": "i", "audiences": ["x"], "jwks_uri": "https://a/jwks", "ca_file": "ca.pem"}"#,
            #"{"issuer": "https://a/", "audiences": ["x"], "ca_file": "ca.pem"}"#)
        XCTAssertEqual(issuers.map(\.access.caFile), [files.path("ca.pem"), files.path("ca.pem")])
        files.write("hello", to: "ca.pem")
        XCTAssertThrowsError(try load(#"{"issuer": "https://a/", "audiences": ["x"], "ca_file": "ca.pem"}"#)) { error in
            let problems = (error as? ConfigurationProblems)?.problems ?? []
            XCTAssertEqual(
                problems.map(\.message), ["holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"])
        }
    }

    private struct NotOfTheNetwork: Error {}

    private func load(_ issuers: String...) throws -> [IssuerSettings] {
        let environment = ["HTTPS_PROXY": "proxy.test:3128", "no_proxy": "direct"]
        let text = """
            {"listen": "127.0.0.1:0", "upstream": "http://127.0.0.1:1", "issuers": [\(issuers.joined(separator: ","))],
             "routes": [{"path": "/", "authenticated": true}]}
            """
        return try ConfigurationLoader(environment: { environment[$0] })
            .load(Array(text.utf8), file: files.path("routes.json")).issuers
    }
}
