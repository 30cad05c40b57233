import ProxyCore
import XCTest

/// Metadata (RFC 8414), resources (RFC 8707), and what tokens may carry besides.
final class IssuerMetadataTests: XCTestCase {
    private func metadata(_ issuer: String, at path: String) throws -> JSONValue? {
        let fixture = try IssuerFixture(issuer: issuer)
        let response = fixture.get(path)
        guard response.status == 200 else { return nil }
        XCTAssertEqual(response.value(of: "Content-Type"), "application/json")
        XCTAssertEqual(response.value(of: "Cache-Control"), "public, max-age=600")
        return try IssuerFixture.json(response)
    }

    func testEveryMember() throws {
        let methods = ["client_secret_basic", "client_secret_post", "private_key_jwt"]
        let algorithms = SignatureAlgorithm.allCases.map { "\($0.name)" }
        let lists = [
            "response_types_supported": ["none"], "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": methods, "revocation_endpoint_auth_methods_supported": methods,
            "introspection_endpoint_auth_methods_supported": methods,
            "token_endpoint_auth_signing_alg_values_supported": algorithms,
            "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
            "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
        ]
        let texts = [
            "issuer": "https://auth.test", "token_endpoint": "https://auth.test/oauth/token",
            "revocation_endpoint": "https://auth.test/oauth/revoke",
            "introspection_endpoint": "https://auth.test/oauth/introspect",
            "jwks_uri": "https://auth.test/.well-known/jwks.json",
        ]
        for path in ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"] {
            let document = try XCTUnwrap(try metadata("https://auth.test", at: path))
            for (name, value) in texts { XCTAssertEqual(document[name]?.string, value, name) }
            for (name, values) in lists { XCTAssertEqual(document[name]?.elements.map(\.string), values, name) }
            XCTAssertEqual(document.members.count, texts.count + lists.count)
        }
    }

    func testAnIssuerWithAPath() throws {
        let issuer = "https://auth.test/tenant/"
        let paths = [
            "/.well-known/oauth-authorization-server/tenant", "/tenant/.well-known/openid-configuration",
            "/.well-known/openid-configuration/tenant",
        ]
        for path in paths {
            let document = try XCTUnwrap(try metadata(issuer, at: path), path)
            XCTAssertEqual(document["issuer"]?.string, issuer)
            XCTAssertEqual(document["token_endpoint"]?.string, "https://auth.test/tenant/oauth/token")
        }
        XCTAssertNil(try metadata(issuer, at: "/.well-known/oauth-authorization-server"))
        let fixture = try IssuerFixture(issuer: issuer)
        XCTAssertEqual(fixture.post(IssuerFixture.grant, to: "/tenant/oauth/token").status, 200)
        XCTAssertEqual(fixture.post(IssuerFixture.grant).status, 404)
    }

    func testCertificatesAreToldOfWhereThereAreAny() throws {
        let fixture = try IssuerFixture { $0.hasCertificates = true }
        let document = try IssuerFixture.json(fixture.get("/.well-known/oauth-authorization-server"))
        XCTAssertEqual(document["tls_client_certificate_bound_access_tokens"]?.bool, true)
        let methods = document["token_endpoint_auth_methods_supported"]?.elements.map(\.string) ?? []
        XCTAssertEqual(methods.suffix(2), ["tls_client_auth", "self_signed_tls_client_auth"])
    }

    // MARK: - Resources

    private func audiences(_ more: String) throws -> [String?] {
        let fixture = try IssuerFixture()
        let claim = try IssuerFixture.claims(of: try fixture.token(more))["aud"]
        return claim?.string.map { [$0] } ?? claim?.elements.map(\.string) ?? []
    }

    func testResourcesAreTheAudience() throws {
        let (api, other) = ("https://api.test", "https://other.test/v1")
        XCTAssertEqual(try audiences(""), [api])
        XCTAssertEqual(try audiences("&resource=\(other)"), [other])
        XCTAssertEqual(try audiences("&resource=\(other)&resource=\(api)"), [other, api])
        XCTAssertEqual(try audiences("&resource=\(other)&resource=\(other)"), [other])
        XCTAssertEqual(try audiences("&audience=\(api)&resource=\(other)"), [api, other])
        XCTAssertEqual(try audiences("&resource="), [api])
    }

    func testTargetsThatAreNotToBeHad() throws {
        let fixture = try IssuerFixture()
        let rows = [
            "resource=https://else.test", "resource=https://api.test%23x", "resource=api.test", "resource=/v1",
            "resource=https://api.test&resource=https://else.test", "resource=https://other.test", "audience=else",
            "resource=:", "resource=1a:b", "resource=https://api.test%2F",
        ]
        for row in rows {
            let response = fixture.post(IssuerFixture.grant + "&" + row)
            XCTAssertEqual(response.status, 400, row)
            XCTAssertEqual(try IssuerFixture.json(response)["error"]?.string, "invalid_target", row)
        }
        let json = #"{"grant_type":"client_credentials","client_id":"daemon","client_secret":"right-secret","#
        for (resource, status) in [
            (#"["https://api.test","https://other.test/v1"]"#, 200), (#""https://api.test""#, 200), ("[1]", 400),
            ("1", 400), (#"["https://else.test"]"#, 400),
        ] {
            let request = ServiceRequest(
                .post, "/oauth/token", fields: [(name: "Content-Type", value: "application/json")],
                body: Array((json + #""resource":\#(resource)}"#).utf8))
            XCTAssertEqual(fixture.server.answer(request, now: fixture.now).status, status, resource)
        }
    }

    // MARK: - Tokens

    func testScopesAsAnArrayAndTheGrantTypeWhereTheyAreWanted() throws {
        let fixture = try IssuerFixture {
            $0.tokens.addsScopeArray = true
            $0.tokens.addsGrantType = true
        }
        let claims = try IssuerFixture.claims(of: try fixture.token())
        XCTAssertEqual(claims["scp"]?.elements.map(\.string), ["a:read", "a:write"])
        XCTAssertEqual(claims["gty"]?.string, "client-credentials")
        let plain = try IssuerFixture.claims(of: try IssuerFixture().token())
        XCTAssertEqual(
            plain.members.compactMap(\.key.string),
            ["iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope"])
    }

    func testLifetimesAreBounded() throws {
        var long = IssuerFixture.client("long")
        long.lifetimeSeconds = 100_000
        var short = IssuerFixture.client("short")
        short.lifetimeSeconds = 5
        let fixture = try IssuerFixture(clients: [long, short, IssuerFixture.client()]) {
            $0.tokens.lifetimeMaxSeconds = 900
        }
        for (client, lifetime) in [("long", 900), ("short", 5), ("daemon", 300)] as [(String, Int64)] {
            let response = fixture.post(IssuerFixture.grant, client: client)
            let answer = try IssuerFixture.json(response)
            XCTAssertEqual(answer["expires_in"]?.integer, lifetime)
            let claims = try IssuerFixture.claims(of: try XCTUnwrap(answer["access_token"]?.string))
            XCTAssertEqual(claims["exp"]?.integer, fixture.now.seconds + lifetime)
        }
    }

    func testEveryAlgorithmVerifies() throws {
        for algorithm in [SignatureAlgorithm.es256, .rs256, .ps256, .edDSA] {
            let fixture = try IssuerFixture(algorithm: algorithm)
            let token = Array(try fixture.token().utf8)
            let keys = try KeySet.parse(fixture.get("/.well-known/jwks.json").body)
            XCTAssertNoThrow(try SignatureCheck.verify(compact: token.span, keys: keys))
        }
    }
}
