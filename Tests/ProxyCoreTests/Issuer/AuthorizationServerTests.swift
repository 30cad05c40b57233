import ProxyCore
import XCTest

/// The token endpoint and the published keys, by the rules of RFC 6749, 7517, 7638 and 9068.
final class AuthorizationServerTests: XCTestCase {
    private static let now = UnixTime(1_800_000_000)
    private static let form = ("Content-Type", "application/x-www-form-urlencoded")
    private static let json = ("Content-Type", "application/json")
    private static let secret = "s3cret/+:%"

    private let server = AuthorizationServer(
        issuer: "https://auth.example.com", clients: AuthorizationServerTests.clients,
        keys: [SigningKey(.generate(.p256), .es256), SigningKey(.generate(.rsa2048), .rs256)])

    private static var clients: [RegisteredClient] {
        let daemon = RegisteredClient(
            id: "daemon:1", secret: ClientSecret(hashing: secret), scopes: ["a:read", "a:write"],
            audiences: ["https://api.example.com", "https://other.example.com"])
        var partner = RegisteredClient(
            id: "partner", secret: ClientSecret(hashing: "plain"), scopes: ["a:read"],
            audiences: ["https://api.example.com"])
        partner.algorithm = .rs256
        partner.lifetimeSeconds = 60
        partner.claims = [ClientClaim("tenant", "globex")].compactMap { $0 }
        let scopeless = RegisteredClient(
            id: "scopeless", secret: ClientSecret(hashing: "plain"), scopes: [], audiences: ["https://api.example.com"])
        let accented = RegisteredClient(
            id: "accented", secret: ClientSecret(hashing: "plain"), scopes: [], audiences: ["https://caf\u{E9}.test"])
        return [daemon, partner, scopeless, accented]
    }

    /// RFC 6749 section 2.3.1: both parts encoded as in a form, then base64.
    private static let basic = basic("daemon%3A1", "s3cret%2F%2B%3A%25")

    private static func basic(_ id: String, _ secret: String) -> (String, String) {
        ("Authorization", "Basic " + base64("\(id):\(secret)"))
    }

    private static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    private func ask(_ fields: [(String, String)], _ body: String, query: String? = nil) -> ServiceResponse {
        let fields = fields.map { (name: $0.0, value: $0.1) }
        let request = ServiceRequest(.post, "/oauth/token", query: query, fields: fields, body: Array(body.utf8))
        return server.answer(request, now: Self.now)
    }

    private func members(of response: ServiceResponse) throws -> JSONValue {
        try JSONDocument(parsing: response.body).root
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    // MARK: - Answers

    func testEveryWayToAuthenticateAndToEncodeIsAnswered() throws {
        let post = "client_id=daemon%3A1&client_secret=s3cret%2F%2B%3A%25&grant_type=client_credentials"
        let json = #"{"grant_type":"client_credentials","client_id":"daemon:1","client_secret":"s3cret/+:%"}"#
        let rows: [([(String, String)], String)] = [
            ([Self.form, Self.basic], "grant_type=client_credentials"),
            ([Self.form, ("Authorization", "bAsIc   " + Self.basic.1.dropFirst(6))], "grant_type=client_credentials"),
            ([Self.form, Self.basic], "client_id=daemon%3A1&grant_type=client_credentials"),
            ([Self.form], post),
            ([("content-type", "application/x-www-form-urlencoded; charset=UTF-8")], post),
            // Without a value: as if it had been left out (section 3.2). Unknown ones are ignored.
            ([Self.form, Self.basic], "grant_type=client_credentials&scope=&client_secret=&audience&foo=bar&"),
            ([Self.json, Self.basic], #"{"grant_type":"client_credentials"}"#),
            ([Self.json], json),
            ([Self.json], json.dropLast() + #","scope":"","foo":{"bar":[1]}}"#),
        ]
        for (fields, body) in rows {
            let response = ask(fields, body)
            XCTAssertEqual(response.status, 200, "\(fields) \(body) \(response.body.span.text)")
            XCTAssertEqual(response.value(of: "Content-Type"), "application/json")
            XCTAssertEqual(response.value(of: "Cache-Control"), "no-store")
            XCTAssertEqual(response.value(of: "Pragma"), "no-cache")
            let answer = try members(of: response)
            XCTAssertEqual(answer["token_type"]?.string, "Bearer")
            XCTAssertEqual(answer["expires_in"]?.integer, 300)
            XCTAssertEqual(answer["scope"]?.string, "a:read a:write")
            XCTAssertNotNil(answer["access_token"]?.string)
        }
    }

    func testScopesAreWhatWasAskedFor() throws {
        let rows = [
            ("a:read", "a:read"), ("a:write+a:read", "a:write a:read"), ("a%3Aread%20a:read", "a:read"),
        ]
        for (asked, granted) in rows {
            let response = ask([Self.form, Self.basic], "grant_type=client_credentials&scope=\(asked)")
            XCTAssertEqual(try members(of: response)["scope"]?.string, granted)
        }
        let none = ask([Self.form, Self.basic("scopeless", "plain")], "grant_type=client_credentials")
        XCTAssertEqual(none.status, 200)
        XCTAssertNil(try members(of: none)["scope"])
    }

    // MARK: - Errors

    func testErrorsAreThoseOfTheSpecification() throws {
        let grant = "grant_type=client_credentials"
        let many = (0..<70).map { "p\($0)=1" }.joined(separator: "&")
        let rows: [(fields: [(String, String)], body: String, code: String)] = [
            ([Self.form, Self.basic], "", "invalid_request"),
            ([Self.form, Self.basic], "grant_type=", "invalid_request"),
            ([Self.form, Self.basic], grant + "&" + grant, "invalid_request"),
            ([Self.form, Self.basic], grant + "&scope=a:read&scope=", "invalid_request"),
            ([Self.form, Self.basic], grant + "&foo=1&foo=2", "invalid_request"),
            ([Self.form, Self.basic], grant + "&scop%65=a:read&scope=a:read", "invalid_request"),
            ([Self.form, Self.basic], grant + "&=x", "invalid_request"),
            ([Self.form, Self.basic], grant + "&scope=%zz", "invalid_request"),
            ([Self.form, Self.basic], grant + "&scope=a%2", "invalid_request"),
            ([Self.form, Self.basic], grant + "&scope=a%00b", "invalid_request"),
            ([Self.form, Self.basic], grant + "&scope=%ff", "invalid_request"),
            ([Self.form, Self.basic], grant + "&scope=a read", "invalid_request"),
            ([Self.form, Self.basic], grant + "\r\n", "invalid_request"),
            ([Self.form, Self.basic], grant + "&" + many, "invalid_request"),
            ([Self.basic], grant, "invalid_request"),
            ([("Content-Type", "text/plain"), Self.basic], grant, "invalid_request"),
            ([Self.form, Self.form, Self.basic], grant, "invalid_request"),
            ([Self.json, Self.basic], grant, "invalid_request"),
            ([Self.json, Self.basic], #"["client_credentials"]"#, "invalid_request"),
            ([Self.json, Self.basic], #"{"grant_type":["client_credentials"]}"#, "invalid_request"),
            ([Self.json, Self.basic], #"{"grant_type":"client_credentials","scope":null}"#, "invalid_request"),
            ([Self.json, Self.basic], #"{"grant_type":"client_credentials","scope":"a\u0000b"}"#, "invalid_request"),
            ([Self.json, Self.basic], #"{"grant_type":"client_credentials","resource":["\u007f"]}"#, "invalid_request"),
            ([Self.json, Self.basic], #"{"grant_type":"a","grant_type":"client_credentials"}"#, "invalid_request"),
            ([Self.form, Self.basic, Self.basic], grant, "invalid_request"),
            ([Self.form, Self.basic], grant + "&client_secret=s3cret%2F%2B%3A%25", "invalid_request"),
            ([Self.json, Self.basic], #"{"grant_type":"client_credentials","client_secret":"x"}"#, "invalid_request"),
            ([Self.form, Self.basic], grant + "&client_id=partner", "invalid_request"),
            ([Self.form, Self.basic], "grant_type=authorization_code", "unsupported_grant_type"),
            ([Self.form, Self.basic], "grant_type=Client_Credentials", "unsupported_grant_type"),
            ([Self.form, Self.basic], grant + "&scope=a:delete", "invalid_scope"),
            ([Self.form, Self.basic], grant + "&scope=a:read+a:delete", "invalid_scope"),
            ([Self.form, Self.basic], grant + "&scope=A:READ", "invalid_scope"),
            ([Self.form, Self.basic], grant + "&scope=a:read++a:write", "invalid_scope"),
            ([Self.form, Self.basic], grant + "&scope=+a:read", "invalid_scope"),
            ([Self.form, Self.basic], grant + "&scope=a%22b", "invalid_scope"),
            ([Self.form, Self.basic("scopeless", "plain")], grant + "&scope=a:read", "invalid_scope"),
            ([Self.form, Self.basic], grant + "&audience=https://evil.example.com", "invalid_target"),
            (
                [Self.form, Self.basic("partner", "plain")], grant + "&audience=https://other.example.com",
                "invalid_target"
            ),
        ]
        for row in rows {
            let response = ask(row.fields, row.body)
            XCTAssertEqual(response.status, 400, "\(row.fields) \(row.body)")
            XCTAssertEqual(try members(of: response)["error"]?.string, row.code, "\(row.fields) \(row.body)")
            XCTAssertNil(response.value(of: "WWW-Authenticate"))
            XCTAssertEqual(response.value(of: "Cache-Control"), "no-store")
            XCTAssertEqual(response.value(of: "Pragma"), "no-cache")
        }
        XCTAssertEqual(ask([Self.form, Self.basic], grant, query: "").status, 400)
    }

    /// What Unicode calls equivalent is another name to whoever verifies the token.
    func testAudiencesAreComparedByTheirBytes() throws {
        for (audience, status) in [("caf%C3%A9", 200), ("cafe%CC%81", 400)] {
            let body = "grant_type=client_credentials&audience=https://\(audience).test"
            let response = ask([Self.form, Self.basic("accented", "plain")], body)
            XCTAssertEqual(response.status, status, audience)
            if status == 400 { XCTAssertEqual(try members(of: response)["error"]?.string, "invalid_target") }
        }
    }

    func testClientsThatAreNotWhoTheySayAreToldNothingMore() throws {
        let grant = "grant_type=client_credentials"
        let rows: [([(String, String)], String)] = [
            ([Self.form, Self.basic("daemon%3A1", "wrong")], grant),
            ([Self.form, Self.basic("daemon%3A1", "")], grant),
            ([Self.form, Self.basic("nobody", "wrong")], grant),
            ([Self.form, Self.basic("", "wrong")], grant),
            ([Self.form, Self.basic("daemon", "1:s3cret")], grant),
            ([Self.form, Self.basic("daemon%3a1%zz", "x")], grant),
            ([Self.form, ("Authorization", "Basic")], grant),
            ([Self.form, ("Authorization", "Basic ")], grant),
            ([Self.form, ("Authorization", "Basic !!!!")], grant),
            ([Self.form, ("Authorization", "Basic " + Self.base64("no colon"))], grant),
            ([Self.form, ("Authorization", Self.basic.1.replacingOccurrences(of: "=", with: ""))], grant),
            ([Self.form, ("Authorization", Self.basic.1 + "====")], grant),
            ([Self.form, ("Authorization", "Bearer abc")], grant),
            ([Self.form], grant),
            ([Self.form], grant + "&client_id=daemon%3A1"),
            ([Self.form], grant + "&client_secret=plain"),
            ([Self.form], grant + "&client_id=daemon%3A1&client_secret=wrong"),
            ([Self.form], grant + "&client_id=nobody&client_secret=wrong"),
            ([Self.json], #"{"grant_type":"client_credentials","client_id":"nobody","client_secret":"plain"}"#),
            // Who is not known is not told either what could be granted.
            ([Self.form, Self.basic("nobody", "wrong")], "grant_type=password"),
            ([Self.form, Self.basic("nobody", "wrong")], grant + "&scope=none"),
        ]
        let expected = ask([Self.form], grant)
        XCTAssertEqual(expected.status, 401)
        XCTAssertEqual(expected.value(of: "WWW-Authenticate"), "Basic realm=\"token\"")
        XCTAssertEqual(expected.value(of: "Cache-Control"), "no-store")
        XCTAssertEqual(try members(of: expected)["error"]?.string, "invalid_client")
        for (fields, body) in rows {
            XCTAssertEqual(ask(fields, body), expected, "\(fields) \(body)")
        }
    }

    func testWhateverComesThereIsAnAnswer() {
        let seed: UInt64 = 20_260_712
        var random = SeededRandom(seed: seed)
        let form = "grant_type=client_credentials&scope=a%3Aread+a:write&client_id=daemon%3A1&client_secret=s3cret"
        let json = #"{"grant_type":"client_credentials","client_id":"daemon:1","client_secret":"s3cret"}"#
        for round in 0..<2000 {
            let isForm = round % 2 == 0
            var body = Array((isForm ? form : json).utf8)
            for _ in 0...random.next(upTo: 3) {
                let position = random.next(upTo: body.count)
                if random.next(upTo: 2) == 0 {
                    body[position] = random.next(upTo: 2) == 0 ? 0x25 : UInt8(random.next(upTo: 256))
                } else {
                    body.removeSubrange(position..<min(body.count - 1, position + 3))
                }
            }
            let type = isForm ? Self.form : Self.json
            let request = ServiceRequest(.post, "/oauth/token", fields: [(name: type.0, value: type.1)], body: body)
            let response = server.answer(request, now: Self.now)
            // The secret in it is wrong.
            XCTAssertTrue([400, 401].contains(response.status), "seed \(seed), round \(round)")
        }
    }

    func testPathsAndMethods() {
        let rows: [(method: ProxyCore.Method, path: String, status: Int, allow: String?)] = [
            (.get, "/oauth/token", 405, "POST"),
            (.put, "/oauth/token", 405, "POST"),
            (.get, "/.well-known/jwks.json", 200, nil),
            (.head, "/.well-known/jwks.json", 200, nil),
            (.post, "/.well-known/jwks.json", 405, "GET, HEAD"),
            (.get, "/", 404, nil),
            (.post, "/oauth/token/", 404, nil),
            (.post, "/oauth%2ftoken", 404, nil),
        ]
        for row in rows {
            let response = server.answer(ServiceRequest(row.method, row.path), now: Self.now)
            XCTAssertEqual(response.status, row.status, "\(row)")
            XCTAssertEqual(response.value(of: "Allow"), row.allow, "\(row)")
        }
    }

    // MARK: - Tokens

    private func token(_ body: String, _ credentials: (String, String)? = nil) throws -> [UInt8] {
        let response = ask([Self.form, credentials ?? Self.basic], "grant_type=client_credentials" + body)
        return Array(try XCTUnwrap(try members(of: response)["access_token"]?.string).utf8)
    }

    private func verify(_ token: [UInt8], audience: String, at now: UnixTime) throws -> TokenVerifier.Outcome {
        var issuer = TokenIssuer(issuer: "https://auth.example.com", audiences: [audience])
        issuer.tokenTypes = ["at+jwt"]
        issuer.acceptsUntyped = false
        issuer.clockSkewSeconds = 0
        let verifier = TokenVerifier(issuers: [issuer], maxTokenBytes: 16_384)
        let published = server.answer(ServiceRequest(.get, "/.well-known/jwks.json"), now: now)
        _ = verifier.install(try KeySet.parse(published.body), issuer: 0)
        return verifier.verify(token.span, now: now)
    }

    func testTokensSayWhoMayWhatAndForHowLong() throws {
        let bytes = try token("&scope=a:read")
        guard case .verified(let token) = try verify(bytes, audience: "https://api.example.com", at: Self.now) else {
            return XCTFail("not verified")
        }
        XCTAssertEqual(token.scopes.map(Self.text), ["a:read"])
        XCTAssertEqual(token.clientID.map(Self.text), "daemon:1")
        XCTAssertEqual(token.subject.map(Self.text), "daemon:1")
        XCTAssertEqual(token.expiry, UnixTime(Self.now.seconds + 300))
        XCTAssertEqual(token.validity.issuedAt, Self.now)
        let claims = token.claims.root
        XCTAssertEqual(claims["iss"]?.string, "https://auth.example.com")
        XCTAssertEqual(claims["aud"]?.string, "https://api.example.com")
        XCTAssertEqual(claims["client_id"]?.string, "daemon:1")
        XCTAssertEqual(claims["jti"]?.string?.count, 22)
        XCTAssertNil(claims["tenant"])
        // Its life ends at the second of its expiry.
        guard
            case .refused(.expired, _) = try verify(
                bytes, audience: "https://api.example.com", at: UnixTime(Self.now.seconds + 300))
        else { return XCTFail("not expired") }
    }

    func testTheHeaderNamesTypeAlgorithmAndKey() throws {
        let published = try members(of: server.answer(ServiceRequest(.get, "/.well-known/jwks.json"), now: Self.now))
        let keys = published["keys"]?.elements ?? []
        XCTAssertEqual(keys.map { $0["alg"]?.string }, ["ES256", "RS256"])
        let rows = [(Self.basic, "ES256"), (Self.basic("partner", "plain"), "RS256")]
        for (row, key) in zip(rows, keys) {
            let parts = try token("", row.0).split(separator: ASCII.dot).map { Array($0) }
            let encoded = parts[0]
            let header = try JSONDocument(parsing: XCTUnwrap(Base64URL.decode(encoded.span))).root
            XCTAssertEqual(header["typ"]?.string, "at+jwt")
            XCTAssertEqual(header["alg"]?.string, row.1)
            XCTAssertEqual(header["kid"]?.string, key["kid"]?.string)
            XCTAssertEqual(key["use"]?.string, "sig")
            XCTAssertNil(key["d"])
        }
    }

    func testAClientsOwnSettings() throws {
        let bytes = try token("", Self.basic("partner", "plain"))
        guard case .verified(let token) = try verify(bytes, audience: "https://api.example.com", at: Self.now) else {
            return XCTFail("not verified")
        }
        XCTAssertEqual(token.claims.root["tenant"]?.string, "globex")
        XCTAssertEqual(token.expiry, UnixTime(Self.now.seconds + 60))
    }

    func testAnAudienceThatWasAskedForIsTheOnlyOne() throws {
        let bytes = try token("&audience=https%3A%2F%2Fother.example.com")
        guard case .verified = try verify(bytes, audience: "https://other.example.com", at: Self.now),
            case .refused(.wrongAudience, _) = try verify(bytes, audience: "https://api.example.com", at: Self.now)
        else { return XCTFail("not for the other audience alone") }
    }

    func testEachTokenHasItsOwnIdentifier() throws {
        XCTAssertNotEqual(try token(""), try token(""))
    }

    func testKeysMayBeKeptForAWhile() {
        let response = server.answer(ServiceRequest(.get, "/.well-known/jwks.json"), now: Self.now)
        XCTAssertEqual(response.value(of: "Cache-Control"), "public, max-age=600")
        XCTAssertEqual(response.value(of: "Content-Type"), "application/json")
    }
}
