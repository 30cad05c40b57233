import Foundation
import ProxyCore
import XCTest

/// Secrets in rotation, the file of clients, signed assertions, certificates.
final class ClientAuthenticationTests: XCTestCase {
    private static let grant = IssuerFixture.grant

    // MARK: - Secrets and the file

    func testTwoSecretsUntilTheOldOneEnds() throws {
        var client = IssuerFixture.client(secret: "old")
        client.secrets[0].expires = UnixTime(IssuerFixture.start.seconds + 100)
        client.secrets.append(ClientSecret(hashing: "new"))
        let fixture = try IssuerFixture(clients: [client])
        for secret in ["old", "new"] { XCTAssertEqual(fixture.post(Self.grant, secret: secret).status, 200) }
        fixture.now = UnixTime(IssuerFixture.start.seconds + 100)
        XCTAssertEqual(fixture.post(Self.grant, secret: "old").status, 401)
        XCTAssertEqual(fixture.post(Self.grant, secret: "new").status, 200)
    }

    func testAClientWithoutALiveSecret() throws {
        var client = IssuerFixture.client()
        client.secrets[0].expires = IssuerFixture.start
        let fixture = try IssuerFixture(clients: [client])
        XCTAssertEqual(fixture.post(Self.grant).status, 401)
    }

    func testChangesOfTheFileCountAtOnce() throws {
        let fixture = try IssuerFixture()
        var client = IssuerFixture.client()
        XCTAssertEqual(fixture.post(Self.grant, client: "second").status, 401)
        try fixture.write([client, IssuerFixture.client("second")])
        XCTAssertEqual(fixture.post(Self.grant, client: "second").status, 200)
        client.isEnabled = false
        try fixture.write([client])
        XCTAssertEqual(fixture.post(Self.grant).status, 401)
        XCTAssertEqual(fixture.post(Self.grant, client: "second").status, 401)
        // A file that is not usable, or gone, changes nothing.
        fixture.directory.write("{", to: "clients.json")
        XCTAssertEqual(fixture.post(Self.grant).status, 401)
        client.isEnabled = true
        try fixture.write([client])
        try FileManager.default.removeItem(atPath: fixture.clientsPath)
        XCTAssertEqual(fixture.post(Self.grant, peer: nil).status, 401)
        try fixture.write([client])
        XCTAssertEqual(fixture.post(Self.grant, peer: nil).status, 200)
    }

    /// U+212A KELVIN SIGN is canonically equivalent to K, but another name.
    func testANameIsComparedByItsBytes() throws {
        let fixture = try IssuerFixture(clients: [IssuerFixture.client("Kilo")])
        XCTAssertEqual(fixture.post(Self.grant, client: "Kilo").status, 200)
        XCTAssertEqual(fixture.post(Self.grant, client: "%E2%84%AAilo").status, 401)
        XCTAssertEqual(try fixture.audit().last?["reason"]?.string, "unknown_client")
        XCTAssertEqual(fixture.post(Self.grant + "&client_id=%E2%84%AAilo", client: "Kilo").status, 400)
    }

    // MARK: - private_key_jwt

    private static let assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

    private func claims(_ id: String, _ more: String = "") -> String {
        let now = IssuerFixture.start.seconds
        return #"{"iss":"daemon","sub":"daemon","aud":"\#(IssuerFixture.issuer)","exp":\#(now + 60),"# + more
            + #""jti":"\#(id)"}"#
    }

    private func post(_ assertion: [UInt8], to fixture: IssuerFixture, more: String = "") -> ServiceResponse {
        let text = String(decoding: assertion, as: UTF8.self)
        let form = "\(Self.grant)&client_assertion_type=\(Self.assertionType)&client_assertion=\(text)\(more)"
        return fixture.post(form, secret: nil, peer: nil)
    }

    private func fixture(_ signer: TestSigner) throws -> IssuerFixture {
        var client = IssuerFixture.client()
        client.secrets = []
        client.keys = try ClientKeys(parsing: Array("{\"keys\":[\(signer.jwk())]}".utf8))
        return try IssuerFixture(clients: [client])
    }

    func testAnAssertionOfEveryKindOfKeyIsTakenOnce() throws {
        for kind in PrivateKey.Kind.allCases {
            let signer = TestSigner(kind)
            let fixture = try fixture(signer)
            let assertion = signer.token(claims("1"))
            XCTAssertEqual(post(assertion, to: fixture, more: "&client_id=daemon").status, 200)
            XCTAssertEqual(post(assertion, to: fixture).status, 401)
            try fixture.restart()
            XCTAssertEqual(post(assertion, to: fixture).status, 401)
            XCTAssertEqual(post(signer.token(claims("2")), to: fixture).status, 200)
            let reasons = try fixture.audit().map { $0["reason"]?.string }
            XCTAssertEqual(reasons, [nil, "assertion_replayed", "assertion_replayed", nil])
            XCTAssertEqual(try fixture.audit()[0]["method"]?.string, "private_key_jwt")
        }
    }

    func testTheServerMayBeNamedInEveryWayThatItIsKnownBy() throws {
        let signer = TestSigner()
        let fixture = try fixture(signer)
        let names = [
            #""https://auth.test""#, #""https://auth.test/oauth/token""#,
            #"["https://else.test","https://auth.test/oauth/token"]"#,
        ]
        for (number, name) in names.enumerated() {
            let text = claims("\(number)").replacingOccurrences(of: #""https://auth.test""#, with: name)
            XCTAssertEqual(post(signer.token(text), to: fixture).status, 200, name)
        }
    }

    func testBadAssertionsAreRefusedForTheirReason() throws {
        let signer = TestSigner()
        let fixture = try fixture(signer)
        let now = IssuerFixture.start.seconds
        func changed(_ from: String, _ to: String) -> [UInt8] {
            let text = claims("x").replacingOccurrences(of: from, with: to)
            XCTAssertNotEqual(text, claims("x"))
            return signer.token(text)
        }
        let none = TestSigner.encode(#"{"alg":"none"}"#) + [0x2E] + TestSigner.encode(claims("x")) + [0x2E]
        let rows: [([UInt8], String)] = [
            (Array("nonsense".utf8), "malformed_assertion"),
            (none, "malformed_assertion"),
            (signer.token(claims("x"), header: #"{"alg":"HS256"}"#), "malformed_assertion"),
            (changed(#""iss":"daemon","#, ""), "malformed_assertion"),
            (changed(#""sub":"daemon","#, ""), "malformed_assertion"),
            (changed(#""sub":"daemon""#, #""sub":"other""#), "assertion_of_another"),
            (changed(#""exp":\#(now + 60),"#, ""), "malformed_assertion"),
            (changed("\(now + 60)", "\"\(now + 60)\""), "malformed_assertion"),
            (changed("\(now + 60)", "-1"), "malformed_assertion"),
            (changed("\(now + 60)", "\(now - 30)"), "assertion_expired"),
            (changed("\(now + 60)", "\(now + 3631)"), "assertion_too_long"),
            (signer.token(claims("x", #""iat":\#(now - 330),"#)), "assertion_too_old"),
            (signer.token(claims("x", #""nbf":\#(now + 31),"#)), "assertion_not_yet_valid"),
            (signer.token(claims("x", #""iat":\#(now + 31),"#)), "assertion_not_yet_valid"),
            (changed(#""https://auth.test""#, #""https://else.test""#), "assertion_for_another"),
            (changed(#""https://auth.test""#, #"["https://auth.test",1]"#), "malformed_assertion"),
            (changed(#""jti":"x""#, #""jti":"""#), "assertion_without_id"),
            (changed(#""jti":"x""#, #""j":"x""#), "assertion_without_id"),
            (TestSigner().token(claims("x")), "wrong_signature"),
            (TestSigner(keyID: "other").token(claims("x")), "wrong_signature"),
            (signer.token(claims("x").replacingOccurrences(of: "daemon", with: "nobody")), "unknown_client"),
        ]
        for (assertion, reason) in rows {
            let response = post(assertion, to: fixture)
            XCTAssertEqual(response.status, 401, reason)
            XCTAssertEqual(try IssuerFixture.json(response)["error"]?.string, "invalid_client")
            XCTAssertEqual(try fixture.audit().last?["reason"]?.string, reason)
        }
        let type = Self.grant + "&client_assertion_type=x&client_assertion="
        let text = String(decoding: signer.token(claims("x")), as: UTF8.self)
        XCTAssertEqual(fixture.post(type + text, secret: nil).status, 401)
        XCTAssertEqual(post(signer.token(claims("y")), to: fixture, more: "&client_secret=x").status, 400)
        XCTAssertEqual(post(signer.token(claims("y")), to: fixture, more: "&client_id=other").status, 400)
        // None of that has used it up.
        XCTAssertEqual(post(signer.token(claims("x")), to: fixture).status, 200)
    }

    /// Most libraries let an assertion live for an hour, and say when it was made: it is to be used soon, and is not
    /// remembered for longer.
    func testAnAssertionThatSaysWhenItWasMadeIsTakenForFiveMinutes() throws {
        let signer = TestSigner()
        let fixture = try fixture(signer)
        let now = IssuerFixture.start.seconds
        let old = claims("a", #""iat":\#(now - 329),"#).replacingOccurrences(of: "\(now + 60)", with: "\(now + 3600)")
        XCTAssertEqual(post(signer.token(old), to: fixture).status, 200)
        XCTAssertEqual(post(signer.token(old), to: fixture).status, 401)
        let ends = try XCTUnwrap(FileReader.text(fixture.directory.path("assertions"))).split(separator: "\n")
            .map { $0.prefix { $0 != " " } }
        XCTAssertEqual(ends, ["\(now + 2)"])
        let without = claims("b").replacingOccurrences(of: "\(now + 60)", with: "\(now + 3600)")
        fixture.now = UnixTime(now + 3000)
        XCTAssertEqual(post(signer.token(without), to: fixture).status, 200)
    }

    func testWithoutRoomForAnAssertionNoneIsTaken() throws {
        let signer = TestSigner()
        let fixture = try fixture(signer)
        try fixture.restart(entriesMax: 1)
        XCTAssertEqual(post(signer.token(claims("1")), to: fixture).status, 200)
        let response = post(signer.token(claims("2")), to: fixture)
        XCTAssertEqual(response.status, 503)
        XCTAssertEqual(response.value(of: "Retry-After"), "5")
    }

    // MARK: - Certificates

    private func certificate(_ subject: String, _ thumbprint: String) -> CallerCertificate {
        CallerCertificate(subject: subject, thumbprint: thumbprint)
    }

    func testCertificates() throws {
        var ofAuthority = IssuerFixture.client("authority")
        ofAuthority.certificate = .subject("CN=Kilo,O=Acme")
        var own = IssuerFixture.client("own")
        own.certificate = .thumbprint("thumb")
        let fixture = try IssuerFixture(clients: [ofAuthority, IssuerFixture.client("none")])
        let rows: [(String, CallerCertificate?, Int)] = [
            ("authority", certificate("CN=Kilo,O=Acme", "x"), 200),
            ("authority", certificate("CN=Kilo", "x"), 401),
            ("authority", certificate("CN=\u{212A}ilo,O=Acme", "x"), 401),
            ("authority", nil, 401),
            ("none", certificate("CN=Kilo,O=Acme", "x"), 401),
            ("nobody", certificate("CN=Kilo,O=Acme", "x"), 401),
        ]
        for (id, shown, status) in rows {
            let response = fixture.post(
                Self.grant + "&client_id=\(id)", secret: nil, peer: nil, certificate: shown)
            XCTAssertEqual(response.status, status, id)
        }
        let memory = AuthorizationServer(
            issuer: IssuerFixture.issuer, clients: [own], keys: [SigningKey(.generate(.p256), .es256)])
        func ask(_ thumbprint: String) -> ServiceResponse {
            let request = ServiceRequest(
                .post, "/oauth/token", fields: [(name: "Content-Type", value: "application/x-www-form-urlencoded")],
                body: Array((Self.grant + "&client_id=own").utf8), certificate: certificate("anything", thumbprint))
            return memory.answer(request, now: fixture.now)
        }
        let token = try XCTUnwrap(try IssuerFixture.json(ask("thumb"))["access_token"]?.string)
        XCTAssertEqual(try IssuerFixture.claims(of: token)["cnf"]?["x5t#S256"]?.string, "thumb")
        XCTAssertEqual(ask("other").status, 401)
    }
}
