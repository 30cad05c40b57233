import Foundation
import ProxyCore
import XCTest

/// Revocation (RFC 7009), introspection (RFC 7662), and the audit log.
final class IssuerRecordsTests: XCTestCase {
    private static let grant = IssuerFixture.grant

    private func introspect(
        _ token: String, _ fixture: IssuerFixture, client: String = "daemon"
    ) throws -> JSONValue {
        let response = fixture.post("token=\(token)", to: "/oauth/introspect", client: client)
        XCTAssertEqual(response.status, 200)
        XCTAssertEqual(response.value(of: "Cache-Control"), "no-store")
        XCTAssertEqual(response.value(of: "Content-Type"), "application/json")
        return try IssuerFixture.json(response)
    }

    func testAnActiveTokenIsDescribed() throws {
        let fixture = try IssuerFixture()
        let token = try fixture.token("&scope=a:read")
        let answer = try introspect(token, fixture)
        let claims = try IssuerFixture.claims(of: token)
        XCTAssertEqual(answer["active"]?.bool, true)
        XCTAssertEqual(answer["token_type"]?.string, "Bearer")
        XCTAssertEqual(answer["scope"]?.string, "a:read")
        for name in ["client_id", "sub", "aud", "iss", "jti"] {
            XCTAssertNotNil(answer[name]?.string, name)
            XCTAssertEqual(answer[name]?.string, claims[name]?.string, name)
        }
        for name in ["exp", "iat"] { XCTAssertEqual(answer[name]?.integer, claims[name]?.integer, name) }
    }

    func testWhatIsNotActiveIsNotDescribed() throws {
        var api = IssuerFixture.client("api")
        api.mayIntrospect = true
        let fixture = try IssuerFixture(clients: [IssuerFixture.client(), IssuerFixture.client("other"), api])
        let token = try fixture.token()
        XCTAssertEqual(try introspect(token, fixture, client: "api")["active"]?.bool, true)
        let changed = String(token.dropLast(4)) + (token.hasSuffix("AAAA") ? "BBBB" : "AAAA")
        let rows: [(String, String)] = [
            (token, "other"), (changed, "daemon"), ("nonsense", "daemon"), (token + ".x", "daemon"),
            (TestSigner().token(ClaimsText().text).map { String(UnicodeScalar($0)) }.joined(), "daemon"),
        ]
        for (text, client) in rows {
            let response = fixture.post("token=\(text)", to: "/oauth/introspect", client: client)
            XCTAssertEqual(String(decoding: response.body, as: UTF8.self), "{\"active\":false}\n")
        }
        try fixture.write([IssuerFixture.client("other"), api])
        XCTAssertEqual(try introspect(token, fixture, client: "api")["active"]?.bool, false)
        try fixture.write([IssuerFixture.client(), api])
        XCTAssertEqual(try introspect(token, fixture, client: "api")["active"]?.bool, true)
        fixture.now = UnixTime(fixture.now.seconds + 300)
        XCTAssertEqual(try introspect(token, fixture, client: "api")["active"]?.bool, false)
    }

    func testARevokedTokenStaysRevoked() throws {
        let fixture = try IssuerFixture()
        let (token, other) = (try fixture.token(), try fixture.token())
        let response = fixture.post("token=\(token)&token_type_hint=refresh_token", to: "/oauth/revoke")
        XCTAssertEqual(response.status, 200)
        XCTAssertEqual(response.body, [])
        for _ in 0..<2 {
            XCTAssertEqual(try introspect(token, fixture)["active"]?.bool, false)
            XCTAssertEqual(try introspect(other, fixture)["active"]?.bool, true)
            try fixture.restart()
        }
        // Section 2.2: what is revoked, or was never a token, is no error.
        for text in [token, "nonsense"] {
            XCTAssertEqual(fixture.post("token=\(text)", to: "/oauth/revoke").status, 200)
        }
    }

    func testRevocationAndIntrospectionRefuse() throws {
        let fixture = try IssuerFixture(clients: [IssuerFixture.client(), IssuerFixture.client("other")])
        let token = try fixture.token()
        let foreign = fixture.post("token=\(token)", to: "/oauth/revoke", client: "other")
        XCTAssertEqual(foreign.status, 400)
        XCTAssertEqual(try IssuerFixture.json(foreign)["error"]?.string, "invalid_grant")
        XCTAssertEqual(try introspect(token, fixture)["active"]?.bool, true)
        for path in ["/oauth/revoke", "/oauth/introspect"] {
            let rows: [(String, String?, Int, String)] = [
                ("token=\(token)", "wrong", 401, "invalid_client"), ("token=\(token)", nil, 401, "invalid_client"),
                ("token=", IssuerFixture.secret, 400, "invalid_request"),
                ("token=a&token=b", IssuerFixture.secret, 400, "invalid_request"),
            ]
            for (form, secret, status, code) in rows {
                let response = fixture.post(form, to: path, secret: secret, peer: nil)
                XCTAssertEqual(response.status, status)
                XCTAssertEqual(try IssuerFixture.json(response)["error"]?.string, code)
            }
            XCTAssertEqual(fixture.get(path).status, 405)
        }
    }

    func testARevocationThatCannotBeKeptIsNotPromised() throws {
        let fixture = try IssuerFixture(entriesMax: 1)
        let (first, second) = (try fixture.token(), try fixture.token())
        XCTAssertEqual(fixture.post("token=\(first)", to: "/oauth/revoke").status, 200)
        let response = fixture.post("token=\(second)", to: "/oauth/revoke")
        XCTAssertEqual(response.status, 503)
        XCTAssertNotNil(response.value(of: "Retry-After"))
    }

    // MARK: - Audit

    func testEveryGrantAndRefusalIsWrittenDown() throws {
        let fixture = try IssuerFixture()
        let token = try fixture.token("&scope=a:read&resource=https%3A%2F%2Fother.test%2Fv1")
        _ = fixture.post(Self.grant + "&scope=b:read")
        _ = fixture.post(Self.grant, secret: "wrong-secret")
        _ = fixture.post(Self.grant, client: "misplaced-secret", secret: "wrong-secret")
        _ = fixture.post("nonsense")
        _ = fixture.post("token=\(token)", to: "/oauth/revoke")
        let lines = try fixture.audit()
        let expected: [[String: String?]] = [
            ["event": "grant", "endpoint": "token", "client": "daemon", "method": "client_secret_basic", "reason": nil],
            ["event": "refusal", "client": "daemon", "reason": "invalid_scope", "scope_asked": "b:read"],
            ["event": "refusal", "client": "daemon", "reason": "wrong_secret", "method": nil],
            ["event": "refusal", "client": nil, "reason": "unknown_client"],
            ["event": "refusal", "client": nil, "reason": "missing_grant_type"],
            ["event": "revocation", "endpoint": "revoke", "client": "daemon"],
        ]
        XCTAssertEqual(lines.count, expected.count)
        for (line, members) in zip(lines, expected) {
            for (name, value) in members { XCTAssertEqual(line[name]?.string, value, "\(name) \(members)") }
            XCTAssertEqual(line["time"]?.string, "2027-01-15T08:00:00Z")
            XCTAssertEqual(line["peer"]?.string, "192.0.2.1")
        }
        let claims = try IssuerFixture.claims(of: token)
        XCTAssertEqual(lines[0]["jti"]?.string, claims["jti"]?.string)
        XCTAssertEqual(lines[5]["jti"]?.string, claims["jti"]?.string)
        XCTAssertEqual(lines[0]["audience"]?.elements.map(\.string), ["https://other.test/v1"])
        XCTAssertEqual(lines[0]["scope"]?.elements.map(\.string), ["a:read"])
        XCTAssertEqual(lines[0]["expires"]?.string, "2027-01-15T08:05:00Z")
        let text = try XCTUnwrap(FileReader.text(fixture.auditPath))
        for word in ["wrong-secret", "right-secret", "misplaced", "eyJ"] {
            XCTAssertFalse(text.contains(word), word)
        }
    }

    func testWhatCannotBeWrittenDownIsNotGranted() throws {
        let fixture = try IssuerFixture(auditPath: "/dev/full")
        let response = fixture.post(Self.grant)
        XCTAssertEqual(response.status, 503)
        XCTAssertEqual(try IssuerFixture.json(response)["error"]?.string, "temporarily_unavailable")
        XCTAssertEqual(response.value(of: "Retry-After"), "5")
        XCTAssertFalse(String(decoding: response.body, as: UTF8.self).contains("access_token"))
        // A refusal needs no record.
        XCTAssertEqual(fixture.post(Self.grant, secret: "wrong").status, 401)
    }

    func testTheLogIsOpenedAnewWhenThatIsAskedFor() throws {
        let fixture = try IssuerFixture()
        _ = try fixture.token()
        try FileManager.default.moveItem(atPath: fixture.auditPath, toPath: fixture.directory.path("audit.1"))
        _ = try fixture.token()
        XCTAssertFalse(FileManager.default.fileExists(atPath: fixture.auditPath))
        fixture.reopening.request()
        _ = try fixture.token()
        XCTAssertEqual(try fixture.audit().count, 1)
        // Where it cannot be opened, nothing is granted.
        try FileManager.default.removeItem(atPath: fixture.auditPath)
        try FileManager.default.createDirectory(atPath: fixture.auditPath, withIntermediateDirectories: false)
        fixture.reopening.request()
        for _ in 0..<2 { XCTAssertEqual(fixture.post(Self.grant).status, 503) }
        try FileManager.default.removeItem(atPath: fixture.auditPath)
        XCTAssertEqual(fixture.post(Self.grant).status, 200)
    }
}
