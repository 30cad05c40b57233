import ProxyCore
import XCTest

final class IdentityFieldsTests: XCTestCase {
    private func options(_ claims: [(String, String)], prefix: String = "X-Auth-") throws -> IdentityOptions {
        var options = IdentityOptions()
        options.prefix = prefix
        options.claims = try claims.map { name, claim in
            IdentityOptions.ClaimField(name: name, claim: try XCTUnwrap(ClaimPath(dotted: claim)))
        }
        return options
    }

    /// The identity lines for a token with these claims, or why it is refused.
    private func lines(_ identity: IdentityOptions, _ claims: String, scopes: String = "read write") throws -> String {
        let gate = try GateHarness([.route("* /{any...}", .authenticated)], identity: identity)
        return gate.judge("GET /", fields: [gate.bearer(scopes, claims)]) { verdict in
            switch consume verdict {
            case .permit(let permit): String(decoding: permit.identityLines, as: UTF8.self)
            case .refuse(let refusal): String(describing: refusal.denial.reason)
            case .awaitKeys: "awaiting keys"
            }
        }
    }

    private let fixed = """
        X-Auth-Subject: service-1\r\nX-Auth-Client-Id: client-1\r\nX-Auth-Issuer: https://issuer.test/\r\n\
        X-Auth-Scopes: read write\r\n
        """

    func testFixedFields() throws {
        XCTAssertEqual(try lines(IdentityOptions(), ""), fixed)
        XCTAssertEqual(
            try lines(options([], prefix: "Caller-"), "", scopes: ""),
            "Caller-Subject: service-1\r\nCaller-Client-Id: client-1\r\nCaller-Issuer: https://issuer.test/\r\n"
                + "Caller-Scopes: \r\n")
    }

    func testClaimFields() throws {
        let options = try options([("X-Auth-Email", "email"), ("X-Roles", "realm.roles")])
        let rows: [(String, String)] = [
            ("", ""),
            (#""email":null"#, ""),
            (#""email":"a@b.test""#, "X-Auth-Email: a@b.test\r\n"),
            (#""email":"h\u00e9 \u65e5""#, "X-Auth-Email: hé 日\r\n"),
            (#""email":"""#, "X-Auth-Email: \r\n"),
            (#""email":true"#, "X-Auth-Email: true\r\n"),
            (#""email":-1.50"#, "X-Auth-Email: -1.50\r\n"),
            (#""realm":{"roles":["a","b c",3]}"#, "X-Roles: a,b c,3\r\n"),
            (#""realm":{"roles":[]}"#, "X-Roles: \r\n"),
        ]
        for (claims, more) in rows { XCTAssertEqual(try lines(options, claims), fixed + more, claims) }
    }

    func testWhatAFieldCannotHoldSpoilsTheToken() throws {
        let options = try options([("X-Auth-Email", "email")])
        for value in [
            #""a\r\nX-Auth-Scopes: admin""#, #""a\nb""#, #""a\u0000b""#, #""a\tb""#, #""a\u007fb""#, #"" a""#, #""a ""#,
            #"" ""#, #"{"a":1}"#, #"["a,b"]"#, #"["a",""]"#, #"[["a"]]"#, #"[{}]"#, #"[null]"#, #"["a\r"]"#,
        ] {
            XCTAssertEqual(try lines(options, "\"email\":\(value)"), "invalid_claims", value)
        }
    }

    func testAllLinesTogetherAreBounded() throws {
        let many = try options((0..<20).map { ("X-Auth-\($0)", "big") })
        XCTAssertEqual(try lines(many, "\"big\":\"\(String(repeating: "x", count: 2000))\""), "invalid_claims")
        XCTAssertTrue(try lines(many, "\"big\":\"\(String(repeating: "x", count: 500))\"").hasPrefix(fixed))
    }

    func testReservedNames() throws {
        let fields = try IdentityFields(options([("X-Roles", "roles")]))
        let rows: [(String, Bool)] = [
            ("X-Auth-Subject", true), ("x-auth-anything", true), ("X_Auth_User", true), ("X.Auth.User", true),
            ("x_AUTH.user", true), ("X!Auth!Subject", true), ("x~auth+z", true), ("X`ROLES", true),
            ("X-Auth-", true), ("X-Roles", true), ("x_roles", true), ("X.ROLES", true),
            ("X-Auth", false), ("X-Authority", false), ("X-Roles-2", false), ("Authorization", false), ("", false),
        ]
        for (name, reserved) in rows {
            let bytes = Array(name.utf8)
            XCTAssertEqual(fields.isReserved(bytes.span), reserved, name)
        }
    }

    func testOptionsThatMakeNoSense() throws {
        let rows: [(String, [String], IdentityOptionsError)] = [
            ("", [], .invalidPrefix), ("-", [], .invalidPrefix), ("X-Auth", [], .invalidPrefix),
            ("X_Auth-", [], .invalidPrefix), ("X Auth-", [], .invalidPrefix), ("X-Forwarded-", [], .invalidPrefix),
            ("x-", [], .invalidPrefix), ("Content-", [], .invalidPrefix), ("accept-", [], .invalidPrefix),
            ("X-Auth-", [""], .invalidName(0)), ("X-Auth-", ["A B"], .invalidName(0)),
            ("X-Auth-", ["Ok", "Host"], .invalidName(1)), ("X-Auth-", ["content-LENGTH"], .invalidName(0)),
            ("X-Auth-", ["Authorization"], .invalidName(0)), ("X-Auth-", ["Connection"], .invalidName(0)),
            ("X-Auth-", ["X-Auth-Subject"], .duplicateName(0)), ("X-Auth-", ["X-A", "x_a"], .duplicateName(1)),
            ("X-Auth-", ["X-A", "x!a"], .duplicateName(1)), ("X-Auth-", ["X-Original-URL"], .invalidName(0)),
        ]
        for (prefix, names, expected) in rows {
            XCTAssertThrowsError(try IdentityFields(options(names.map { ($0, "c") }, prefix: prefix)), "\(names)") {
                XCTAssertEqual($0 as? IdentityOptionsError, expected, "\(prefix) \(names)")
            }
        }
    }

    func testEachMistakeIsToldInItsOwnWords() {
        let errors: [IdentityOptionsError] = [.invalidPrefix, .invalidName(0), .duplicateName(0)]
        XCTAssertEqual(Set(errors.map(\.message)).count, 3)
        XCTAssertTrue(IdentityOptionsError.invalidPrefix.message.hasPrefix("the prefix of a field name is"))
    }
}
