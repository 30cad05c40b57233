import ProxyCore
import XCTest

final class ExplainCommandTests: XCTestCase {
    private let directory = TemporaryDirectory()
    private let signer = TestSigner(.p256)

    private var configuration = ConfigurationText(
        #"{"path":"/healthz","methods":["GET"],"public":true}"#,
        #"{"path":"/v2/users","methods":["GET"],"scopes":["profile:read","extra"]}"#,
        #"{"path":"/v2/users/{uid}","methods":["GET"],"any_scope":["profile:read","admin"]}"#,
        #"{"path":"/v2/users/{uid}","methods":["DELETE"],"scopes":["profile:delete"]}"#,
        #"{"path":"/t/{tenant}","methods":["GET"],"scopes":["t"],"claims":{"tenant":"{tenant}","kind":"x"}}"#,
        #"{"path":"/new","methods":["GET"],"scopes":["new"],"mode":"observe","id":"new-one"}"#)

    func testACallerWithoutToken() {
        let run = explain("GET", "/v2/users?x=1")
        XCTAssertEqual(run.status, .failure)
        XCTAssertEqual(run.errors, [])
        XCTAssertEqual(run.output, [
            "request  GET /v2/users?x=1",
            "caller   without a token",
            "",
            "reading  /v2/users (as sent)",
            "route    GET /v2/users",
            "needs    scopes profile:read extra",
            "outcome  refused: there is no token",
            "",
            "answer   401 Unauthorized, code missing_token",
            "         there is no token",
            #"         WWW-Authenticate: Bearer realm="api""#,
        ])
    }

    func testOutcomesByScopes() {
        let challenge = #"WWW-Authenticate: Bearer realm="api", error="insufficient_scope", scope="#
        let insufficient = "403 Forbidden, code insufficient_scope"
        let table: [(request: String, scopes: String, answer: [String])] = [
            ("GET /v2/users", "extra profile:read", ["forwarded"]),
            ("HEAD /v2/users/7", "admin", ["forwarded"]),
            ("GET /healthz", "", ["forwarded: public in every reading, no token is looked at"]),
            (
                "GET /new", "x",
                ["forwarded, as the mode is observe", "enforced: 403 insufficient_scope: a scope is missing: new"]
            ),
            (
                "GET /v2/users", "profile:read",
                [insufficient, "a scope is missing: extra", challenge + #""profile:read extra""#]
            ),
            (
                "GET /v2/users", "",
                [insufficient, "scopes are missing: profile:read extra", challenge + #""profile:read extra""#]
            ),
            (
                "GET /v2/users/7", "x",
                [
                    insufficient, "one of these scopes is missing: profile:read admin",
                    challenge + #""profile:read admin""#,
                ]
            ),
            (
                "PUT /v2/users/7", "x",
                [
                    "405 Method Not Allowed, code method_not_allowed", "the path answers only to GET, HEAD, DELETE",
                    "Allow: GET, HEAD, DELETE",
                ]
            ),
            ("GET /none", "x", ["404 Not Found, code no_route", "no route matches"]),
            (
                "GET /a%2", "x",
                ["400 Bad Request, code invalid_path", "a % is not followed by two hexadecimal digits"]
            ),
            (
                "GET /a;b//c%2f..%2fd/../e;f/%2e/..;/%5c", "x",
                ["400 Bad Request, code ambiguous_path", "the path can be read in more ways than are worth judging"]
            ),
        ]
        for (request, scopes, answer) in table {
            let run = explain(request.split(separator: " ").map(String.init) + ["--scopes", scopes])
            XCTAssertEqual(run.status, answer[0].hasPrefix("forwarded") ? .success : .failure, request)
            let told = run.output.drop { !$0.hasPrefix("answer") }
            XCTAssertEqual(told.map { String($0.dropFirst(9)) }, answer, request)
        }
    }

    func testEveryReadingIsShown() {
        let run = explain("GET", "/healthz/..;/v2/users", "--scopes", "profile:read extra")
        XCTAssertEqual(run.status, .failure)
        XCTAssertEqual(run.output.filter { $0.hasPrefix("reading") }, [
            "reading  /healthz/..;/v2/users (as sent)",
            "reading  /healthz/../v2/users (segment parameters stripped)",
            "reading  /v2/users (segment parameters stripped, then dot segments removed)",
        ])
        XCTAssertEqual(run.output.filter { $0.hasPrefix("outcome") }, [
            "outcome  refused: no route matches", "outcome  refused: no route matches", "outcome  permitted",
        ])
        XCTAssertEqual(run.output.suffix(2), [
            "answer   400 Bad Request, code ambiguous_path",
            "         the readings of the path come to different answers",
        ])
    }

    func testWhatNoHeadMayHold() {
        let table = [
            ("TRACE", "/healthz", "501 Not Implemented, code not_implemented"),
            ("CONNECT", "/healthz", "405 Method Not Allowed, code method_not_allowed"),
            ("GET", "/a#b", "400 Bad Request, code bad_request"), ("GET", "/a b", "400 Bad Request, code bad_request"),
            ("GET", "", "400 Bad Request, code bad_request"), ("G T", "/", "400 Bad Request, code bad_request"),
            ("GET", "*", "400 Bad Request, code bad_request"), ("GET", "a", "400 Bad Request, code bad_request"),
            ("GET", "/ HTTP/1.1\r\nX: y", "400 Bad Request, code bad_request"),
            ("GET", "/ HTTP/1.1\r\nHost: localhost\r\n\r\n", "400 Bad Request, code bad_request"),
            ("GET", "/" + String(repeating: "a", count: 9000), "414 URI Too Long, code uri_too_long"),
        ]
        for (method, path, answer) in table {
            let run = explain(method, path)
            XCTAssertEqual(run.status, .failure)
            XCTAssertEqual(run.output.first { $0.hasPrefix("answer") }, "answer   \(answer)", "\(method) \(path)")
        }
    }

    func testATokenIsVerifiedAndNeverShown() throws {
        let good = token()
        let path = directory.write(good + "\n", to: "token")
        for arguments in [["--token", good], ["--token-file", path], ["--token-file", "-"]] {
            let run = explain(["GET", "/v2/users"] + arguments, input: good + "\r\n")
            XCTAssertEqual(run.status, .success)
            XCTAssertEqual(run.output.prefix(2), [
                "request  GET /v2/users",
                "caller   with a valid token of client-1, from \(ConfigurationText.issuer)",
            ])
            XCTAssertTrue(run.output[2].hasPrefix("         whose scopes are profile:read extra t, valid for "))
            XCTAssertEqual(run.output[3], "keys     1 of \(ConfigurationText.issuer)")
            XCTAssertFalse(run.output.joined().contains(good.suffix(20)))
        }
    }

    func testTokensThatAreRefused() throws {
        let table: [(token: String, told: String, answer: String)] = [
            (token(["exp": "1"]), "is refused: The token has expired", "401 Unauthorized, code invalid_token"),
            (
                token(["aud": "\"x\""]), "is refused: The token is meant for another audience",
                "401 Unauthorized, code invalid_token"
            ),
            (
                token(signer: TestSigner(keyID: "other")),
                "is refused: The token is signed with a key that its issuer does not publish",
                "401 Unauthorized, code invalid_token"
            ),
            (
                "a b", "is refused: the token is empty, or holds a character that no bearer token can hold",
                "400 Bad Request, code invalid_request"
            ),
            (
                "", "is refused: the token is empty, or holds a character that no bearer token can hold",
                "400 Bad Request, code invalid_request"
            ),
        ]
        for (token, told, answer) in table {
            let run = explain("GET", "/v2/users", "--token", token)
            XCTAssertEqual(run.status, .failure)
            XCTAssertEqual(run.output[1], "caller   with a token that \(told)")
            XCTAssertEqual(run.output.first { $0.hasPrefix("answer") }, "answer   \(answer)")
        }
        let notRead = explain("GET", "/healthz", "--token", "nonsense")
        XCTAssertEqual(notRead.output[1], "caller   token not looked at")
        XCTAssertEqual(notRead.status, .success)
    }

    func testTheClaimThatIsWhyATokenIsRefused() {
        let now = Clock.unixTime().seconds
        let far = "; clock_skew_seconds is 30"
        let rows: [(claims: [String: String], beginning: String, end: String)] = [
            (["exp": "\(now - 3600)"], "exp is \(now - 3600), ", " seconds ago\(far)"),
            (["exp": "null"], "exp is null; it has to be a number of seconds since 1970", ""),
            (["nbf": "\(now + 3600)"], "nbf is \(now + 3600), ", " seconds\(far)"),
            (["iat": "\(now + 3600)"], "iat is \(now + 3600), ", " seconds\(far)"),
            (["aud": #"["x","y"]"#], #"aud is ["x","y"]; expected is \#(ClaimsText.audience)"#, ""),
            (["aud": "7"], "aud is 7; it has to be a string, or an array of strings", ""),
            (
                ["iss": #""https://x\u001B""#], #"iss is "https://x\u001B"; expected is \#(ConfigurationText.issuer)"#,
                ""
            ),
            (["sub": "{}"], "sub is {}; it has to be a string", ""),
            (["client_id": "1"], "client_id is 1; it has to be a string", ""),
            (["scope": "[1]"], "scope is [1]; it has to be a text of scopes, or an array of them", ""),
            (["cnf": #"{"jkt":"x"}"#], #"cnf is {"jkt":"x"}; only x5t#S256 is understood, and alone"#, ""),
        ]
        for row in rows {
            let line = explain("GET", "/v2/users", "--token", token(row.claims)).output[2]
            XCTAssertTrue(line.hasPrefix("         " + row.beginning) && line.hasSuffix(row.end), line)
        }
        let other = explain("GET", "/v2/users", "--token", token(signer: TestSigner(keyID: "other")))
        XCTAssertEqual(other.output[2], #"         kid, in its header, is "other""#)
        configuration.keys += #","max_token_lifetime_seconds":600"#
        let long = explain("GET", "/v2/users", "--token", token(["iat": "\(now - 3600)"])).output[2]
        XCTAssertTrue(long.hasPrefix("         exp is ") && long.hasSuffix("max_token_lifetime_seconds is 600"), long)
    }

    func testBoundTokens() {
        let mine = String(repeating: "A", count: 43)
        let bound = token(["cnf": #"{"x5t#S256":"\#(mine)"}"#])
        let good = explain("GET", "/v2/users", "--token", bound, "--certificate", mine)
        XCTAssertEqual(good.status, .success)
        XCTAssertEqual(good.output[3], "         bound to the caller's certificate")
        let told = "caller   with a token that is refused: The token is bound to "
        let other = explain("GET", "/v2/users", "--token", bound, "--certificate=-" + mine.dropFirst())
        XCTAssertEqual(other.status, .failure)
        XCTAssertEqual(other.output[1], told + "another client certificate")
        let none = explain("GET", "/v2/users", "--token", bound)
        XCTAssertEqual(none.output[1], told + "a client certificate, and the connection has none")
        let rows: [(arguments: [String], error: String)] = [
            (["--token", bound, "--certificate", "AAAA"], "expected 43 characters of base64url"),
            (["--token", bound, "--certificate", mine + "="], "expected 43 characters of base64url"),
            (["--certificate", mine], "only tokens are bound to it: give one"),
            (["--scopes", "a", "--certificate", mine], "only tokens are bound to it: give one"),
        ]
        for row in rows {
            let run = explain(["GET", "/v2/users"] + row.arguments)
            XCTAssertEqual(run.status, .usage)
            XCTAssertEqual(run.errors.first, "scopeproxy explain: --certificate THUMBPRINT: \(row.error)")
        }
    }

    func testClaims() {
        let table: [([String], [String], ExitStatus)] = [
            (["--token", token(["tenant": "\"acme\"", "kind": "\"x\""])],
             ["claims   tenant is \"acme\"", "         kind is \"x\""], .success),
            (["--token", token(["tenant": "7"])],
             ["claims   tenant is 7", "         kind: not in the token"], .failure),
            (["--token", token(["tenant": "[\"acme\"]", "kind": "1.5"])],
             [
                "claims   tenant is neither a string nor a whole number",
                "         kind is neither a string nor a whole number",
             ], .failure),
            (["--scopes", "t"],
             ["claims   tenant: --scopes brings no claims", "         kind: --scopes brings no claims"], .failure),
            ([], ["claims   tenant: no token", "         kind: no token"], .failure),
        ]
        for (arguments, claims, status) in table {
            let run = explain(["GET", "/t/acme"] + arguments)
            XCTAssertEqual(run.status, status)
            XCTAssertEqual(Array(run.output.drop { !$0.hasPrefix("claims") }.prefix(2)), claims)
        }
        let mismatch = explain("GET", "/t/acme", "--scopes", "t")
        XCTAssertTrue(
            mismatch.output.contains("outcome  refused: a claim does not have the value that the route asks for"))
        XCTAssertTrue(mismatch.output.contains("needs    scopes t, tenant = {tenant}, kind = \"x\""))
    }

    func testKeysAreFetchedOnceAndOnlyWhenNeeded() throws {
        let jwks = "{\"keys\":[\(signer.jwk()),{\"kty\":\"oct\"}]}"
        let server = try ScriptedServer { _ in
            [.send("HTTP/1.1 200 OK\r\nContent-Length: \(jwks.utf8.count)\r\n\r\n\(jwks)")]
        }
        defer { server.stop() }
        configuration.keys = #""jwks_uri":"http://127.0.0.1:\#(server.port)/keys""#
        XCTAssertEqual(explain("GET", "/healthz", "--token", token()).status, .success)
        XCTAssertEqual(explain("GET", "/v2/users", "--token", token(["aud": "\"x\""])).status, .failure)
        XCTAssertEqual(server.requests.count, 0)
        let run = explain("GET", "/v2/users", "--token", token())
        XCTAssertEqual(run.status, .success)
        XCTAssertEqual(run.output[3], "keys     1 of \(ConfigurationText.issuer), 1 that cannot be used")
        XCTAssertEqual(server.requests.map(\.target), ["/keys"])
    }

    func testKeysThatCannotBeHad() throws {
        let server = try ScriptedServer { _ in [.send("HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n")] }
        defer { server.stop() }
        configuration.keys = #""jwks_uri":"http://127.0.0.1:\#(server.port)/keys""#
        let run = explain("GET", "/v2/users", "--token", token())
        XCTAssertEqual(run.status, .failure)
        XCTAssertEqual(run.output[1...2], [
            "caller   with a token that cannot be verified: there are no keys of \(ConfigurationText.issuer)",
            "keys     unavailable from \(ConfigurationText.issuer): the server answered with status 503",
        ])
        XCTAssertEqual(run.output.suffix(3), [
            "answer   503 Service Unavailable, code keys_unavailable",
            "         there are no keys of \(ConfigurationText.issuer)", "         Retry-After: 1",
        ])
    }

    func testATokenThatCannotBeRead() {
        let run = explain("GET", "/", "--token-file", directory.path("absent"))
        XCTAssertEqual(run.status, .usage)
        XCTAssertEqual(run.errors, [
            "scopeproxy explain: cannot read the token in \(directory.path("absent")): No such file or directory"
        ])
    }

    private func explain(_ arguments: String...) -> CommandRun { explain(arguments) }

    private func explain(_ arguments: [String], input: String = "") -> CommandRun {
        directory.write("{\"keys\":[\(signer.jwk())]}", to: "keys.json")
        let file = directory.write(configuration.text, to: "routes.json")
        return CommandRun(["explain", file] + arguments, input: input)
    }

    /// A good token, with some of its claims replaced; values are JSON text.
    private func token(_ changed: [String: String] = [:], signer: TestSigner? = nil) -> String {
        var claims = ClaimsText().with("scope", "\"profile:read extra t\"")
        // Commands go by the clock of the machine.
        for name in ["iat", "nbf"] { claims = claims.with(name, nil) }
        claims = claims.with("exp", "\(Clock.unixTime().seconds + 600)")
        for (name, value) in changed { claims = claims.with(name, value) }
        return String(decoding: (signer ?? self.signer).token(claims.text), as: UTF8.self)
    }
}
