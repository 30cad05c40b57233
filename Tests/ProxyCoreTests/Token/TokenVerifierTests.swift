import ProxyCore
import XCTest

/// What a token claims. Which key it may be verified with is the matter of `TokenKeyTests`.
final class TokenVerifierTests: XCTestCase {
    private let signer = TestSigner()
    private let claims = ClaimsText()
    private let now = UnixTime(ClaimsText.now)

    func testAGoodToken() throws {
        let token = try XCTUnwrap(judge(claims).token)
        XCTAssertEqual(token.issuer, 0)
        XCTAssertEqual(token.subject, Array("service-1".utf8))
        XCTAssertEqual(token.clientID, Array("client-1".utf8))
        XCTAssertEqual(token.scopes, [Array("profile:read".utf8), Array("profile:create".utf8)])
        XCTAssertEqual(token.expiry, UnixTime(ClaimsText.now + 600))
        XCTAssertEqual(token.validity.notBefore, now)
        XCTAssertEqual(token.validity.issuedAt, now)
        XCTAssertEqual(token.claims.root["aud"]?.string, ClaimsText.audience)
        XCTAssertEqual(token.key, try signer.keySet.keys[0].identity)
    }

    func testPayloadsThatAreNoClaims() throws {
        let good = claims.text
        let nested = String(repeating: "[", count: 33) + String(repeating: "]", count: 33)
        let members = [
            "", "\"exp\":\(ClaimsText.now + 9)", "\"e\\u0078p\":9", "\"x\":{\"y\":1,\"y\":1}", "\"x\":1e999",
            "\"x\":NaN", "\"x\":\"\\ud800\"", "\"x\":01", "\"x\":\(nested)",
        ]
        var rows = ["", "null", "[]", "\"x\"", "1", "{", "\(good) x", "\u{FEFF}\(good)", String(good.dropLast())]
        rows += members.map { "\(good.dropLast()),\($0)}" }
        for text in rows { XCTAssertEqual(judge(text).refusal, .malformed, text) }
        XCTAssertNil(judge(" \n\(good) ").refusal)
    }

    func testIssuer() {
        let rows: [(String?, TokenError)] = [
            (nil, .missingIssuer), ("null", .invalidClaims), ("1", .invalidClaims), ("[]", .invalidClaims),
            ("[\"\(ClaimsText.issuer)\"]", .invalidClaims), ("\"\"", .unknownIssuer),
            ("\"https://issuer.test\"", .unknownIssuer), ("\"https://Issuer.test/\"", .unknownIssuer),
            ("\" https://issuer.test/\"", .unknownIssuer), ("\"https://issuer.test/\\u0000\"", .unknownIssuer),
        ]
        for (value, error) in rows { XCTAssertEqual(judge(claims.with("iss", value)).refusal, error, value ?? "-") }
        XCTAssertNil(judge(claims.with("iss", #""https:\/\/issuer.t\u0065st/""#)).refusal)
    }

    func testTimesThatAreNone() {
        let values = [
            "null", "true", "\"\(ClaimsText.now)\"", "[]", "{}", "-1", "-0.5", "1e300", "1.8e16", "9007199254740993",
            "18446744073709551616",
        ]
        for name in ["exp", "nbf", "iat"] {
            for value in values {
                // The double next to 2^53 + 1 is 2^53: it counts as too late, not as malformed.
                let tooLate: TokenError? = name == "exp" ? nil : name == "nbf" ? .notYetValid : .issuedInFuture
                let expected = value == "9007199254740993" ? tooLate : .invalidClaims
                XCTAssertEqual(judge(claims.with(name, value)).refusal, expected, "\(name) \(value)")
            }
        }
        XCTAssertEqual(judge(claims.with("exp", nil)).refusal, .missingExpiry)
        XCTAssertEqual(judge(claims.with("exp", "0")).refusal, .expired)
        XCTAssertNil(judge(claims.with("nbf", nil).with("iat", nil)).refusal)
        XCTAssertNil(judge(claims.with("exp", "1.8000006e9").with("nbf", "0").with("iat", "-0")).refusal)
    }

    /// Each time against the clock, second by second around the edge, with the default skew of 30 seconds.
    func testEdgesOfTime() {
        let rows: [(String, String, ClosedRange<Int64>, TokenError)] = [
            // Good up to and not including exp + 30.
            ("exp", "\(ClaimsText.now + 600)", 0...629, .expired),
            ("exp", "\(ClaimsText.now + 600).0", 0...629, .expired),
            ("exp", "\(ClaimsText.now + 600).001", 0...630, .expired),
            ("exp", "\(ClaimsText.now + 600).999", 0...630, .expired),
            // Good from nbf - 30 on.
            ("nbf", "\(ClaimsText.now + 100)", 70...629, .notYetValid),
            ("nbf", "\(ClaimsText.now + 100).5", 71...629, .notYetValid),
            ("iat", "\(ClaimsText.now + 100)", 70...629, .issuedInFuture),
            ("iat", "\(ClaimsText.now + 100).01", 71...629, .issuedInFuture),
        ]
        for (name, value, good, error) in rows {
            let text = claims.with(name, value)
            for edge in [good.lowerBound, good.upperBound] {
                for offset in edge - 2...edge + 2 where offset >= 0 {
                    let now = UnixTime(ClaimsText.now + offset)
                    let expected = good.contains(offset) ? nil : offset > good.upperBound ? .expired : error
                    XCTAssertEqual(judge(text, now: now).refusal, expected, "\(name) \(value) at \(offset)")
                }
            }
        }
    }

    /// A remembered token is asked again, under the same rules.
    func testATokenGrowsOld() throws {
        let token = try XCTUnwrap(judge(claims).token)
        let rows: [(Int64, Int64, TokenError?)] = [
            (0, 0, nil), (599, 0, nil), (600, 0, .expired), (629, 30, nil), (630, 30, .expired), (-1, 0, .notYetValid),
            (-30, 30, nil), (-31, 30, .notYetValid),
        ]
        for (offset, skew, error) in rows {
            XCTAssertEqual(token.temporalError(at: UnixTime(ClaimsText.now + offset), skew: skew), error, "\(offset)")
        }
        XCTAssertEqual(
            Validity(expiry: UnixTime(9), issuedAt: UnixTime(8)).error(at: UnixTime(7), skew: 0), .issuedInFuture)
    }

    func testLongestLifetime() {
        var issuer = TokenIssuer.test
        issuer.maxTokenLifetimeSeconds = 600
        XCTAssertNil(judge(claims.text, issuer: issuer).refusal)
        let rows: [(ClaimsText, TokenError)] = [
            (claims.with("exp", "\(ClaimsText.now + 601)"), .lifetimeTooLong),
            (claims.with("exp", "\(ClaimsText.now + 600).5"), .lifetimeTooLong),
            (claims.with("iat", "\(ClaimsText.now - 1)"), .lifetimeTooLong),
            (claims.with("iat", nil), .missingIssuedAt),
            (claims.with("exp", "9007199254740992").with("iat", "0"), .lifetimeTooLong),
        ]
        for (claims, error) in rows { XCTAssertEqual(judge(claims.text, issuer: issuer).refusal, error, claims.text) }
    }

    func testAudience() {
        let ours = "\"\(ClaimsText.audience)\""
        let good = [ours, "[\(ours)]", "[\"x\",\(ours)]", "[\(ours),\(ours)]", "\"https:\\/\\/api.test\"", "\"second\""]
        for value in good { XCTAssertNil(judge(claims.with("aud", value)).refusal, value) }
        let rows: [(String?, TokenError)] = [
            (nil, .wrongAudience), ("\"\"", .wrongAudience), ("[]", .wrongAudience), ("[\"\"]", .wrongAudience),
            ("\"https://api.test/\"", .wrongAudience), ("\"https://API.test\"", .wrongAudience),
            ("\"x \(ClaimsText.audience)\"", .wrongAudience), ("[\"x\",\"y\"]", .wrongAudience),
            ("\"\(ClaimsText.audience),second\"", .wrongAudience),
            ("null", .invalidClaims), ("1", .invalidClaims), ("true", .invalidClaims), ("{}", .invalidClaims),
            ("{\(ours):1}", .invalidClaims), ("[\(ours),1]", .invalidClaims), ("[[\(ours)]]", .invalidClaims),
            ("[null,\(ours)]", .invalidClaims),
        ]
        for (value, error) in rows { XCTAssertEqual(judge(claims.with("aud", value)).refusal, error, value ?? "-") }
    }

    func testShapesOfScopes() {
        let rows: [(String?, [String]?)] = [
            (nil, []), ("\"\"", []), ("\"a\"", ["a"]), ("\"a b:c/d\"", ["a", "b:c/d"]), ("\" a  b \"", ["a", "b"]),
            ("[]", []), ("[\"a\"]", ["a"]), ("[\"a\",\"b\"]", ["a", "b"]), ("\"a a\"", ["a", "a"]),
            ("\"\\u0061\"", ["a"]), ("\"!#[]~\"", ["!#[]~"]),
            // No shape that scopes have, and names that no scope has.
            ("null", nil), ("1", nil), ("true", nil), ("{}", nil), ("{\"a\":true}", nil), ("[1]", nil),
            ("[\"a\",null]", nil), ("[[\"a\"]]", nil), ("[\"a b\"]", nil), ("[\"\"]", nil), ("[\" a\"]", nil),
            ("\"a\\tb\"", nil), ("\"a\\nb\"", nil), ("\"a\\u0000\"", nil), ("\"a\\\"\"", nil), ("\"a\\\\b\"", nil),
            ("\"é\"", nil), ("\"a\\u007f\"", nil), ("\"a\\u00a0b\"", nil), ("[\"a\\r\\nX-Auth: b\"]", nil),
        ]
        for (value, expected) in rows {
            let outcome = judge(claims.with("scope", value))
            XCTAssertEqual(outcome.token.map(scopes), expected, value ?? "-")
            XCTAssertEqual(outcome.refusal, expected == nil ? .invalidClaims : nil, value ?? "-")
        }
    }

    func testTheFirstScopeClaimThatIsPresentCounts() {
        let without = claims.with("scope", nil)
        let rows: [([String], ClaimsText, [String])] = [
            (["scope", "scp"], without.with("scp", "[\"a\"]"), ["a"]),
            (["scope", "scp"], claims.with("scp", "[\"admin\"]"), ["profile:read", "profile:create"]),
            (["scope", "scp"], claims.with("scope", "\"\"").with("scp", "\"admin\""), []),
            (["scp", "scope"], claims.with("scp", "\"a\""), ["a"]),
            (["realm_access.roles"], claims.with("realm_access", "{\"roles\":[\"a\"]}"), ["a"]),
            (["realm_access.roles"], claims.with("realm_access", "{}"), []),
            (["roles"], claims, []),
            (["https://x.y/roles"], claims.with("https://x.y/roles", "[\"a\"]"), ["a"]),
        ]
        for (paths, claims, expected) in rows {
            var issuer = TokenIssuer.test
            issuer.scopeClaims = paths.compactMap(ClaimPath.init(dotted:))
            XCTAssertEqual(judge(claims.text, issuer: issuer).token.map(scopes), expected, "\(paths)")
        }
    }

    func testClientAndSubject() {
        let without = claims.with("client_id", nil)
        let rows: [(ClaimsText, String?)] = [
            (claims.with("azp", "\"x\""), "client-1"), (without.with("azp", "\"x\"").with("appid", "\"y\""), "x"),
            (without.with("appid", "\"y\"").with("cid", "\"z\""), "y"), (without.with("cid", "\"z\""), "z"),
            (without, "service-1"), (without.with("sub", nil), nil), (claims.with("client_id", "\"\""), ""),
        ]
        for (claims, client) in rows {
            let outcome = judge(claims)
            XCTAssertNil(outcome.refusal, claims.text)
            XCTAssertEqual(outcome.token?.clientID.map(text), client, claims.text)
        }
        for (name, value) in [("client_id", "1"), ("client_id", "null"), ("sub", "1"), ("sub", "[]"), ("sub", "null")] {
            XCTAssertEqual(judge(claims.with(name, value)).refusal, .invalidClaims, "\(name) \(value)")
        }
        XCTAssertNil(judge(claims.with("sub", nil)).token?.subject)
    }

    func testTokenTypes() {
        var typed = TokenIssuer.test
        typed.tokenTypes = ["at+jwt"]
        typed.acceptsUntyped = false
        let rows: [(String?, TokenIssuer, Bool)] = [
            (nil, .test, true), ("at+jwt", .test, true), ("AT+JWT", .test, true), ("application/at+jwt", .test, true),
            ("Application/AT+JWT", .test, true), ("JWT", .test, true), ("jwt", .test, true), ("", .test, false),
            ("none", .test, false), ("id+jwt", .test, false), ("dpop+jwt", .test, false), ("at+jwt ", .test, false),
            ("application/jwt", .test, false), ("logout+jwt", .test, false),
            (nil, typed, false), ("JWT", typed, false), ("at+jwt", typed, true), ("application/at+jwt", typed, false),
        ]
        for (type, issuer, good) in rows {
            let member = type.map { ",\"typ\":\"\($0)\"" } ?? ""
            let header = "{\"alg\":\"ES256\",\"kid\":\"key-1\"\(member)}"
            let refusal = judge(claims.text, header: header, issuer: issuer).refusal
            XCTAssertEqual(refusal, good ? nil : .wrongType, type ?? "-")
        }
    }

    func testEveryTruncationIsRefused() throws {
        let verifier = try verifier(.test)
        let token = signer.token(claims.text)
        for count in 0..<token.count {
            XCTAssertNotNil(verifier.verify(Array(token.prefix(count)).span, now: now).refusal, "\(count)")
        }
        for index in token.indices {
            var changed = token
            changed[index] = token[index] == 0x41 ? 0x42 : 0x41
            // Another kid asks for keys; nothing gets in.
            XCTAssertNil(verifier.verify(changed.span, now: now).token, "\(index)")
        }
    }

    func testLengthOfTokens() throws {
        let token = signer.token(claims.text)
        for (limit, error) in [(token.count, nil), (token.count - 1, TokenError.tooLong)] {
            let verifier = TokenVerifier(issuers: [.test], maxTokenBytes: limit)
            XCTAssertFalse(verifier.install(try signer.keySet, issuer: 0))
            XCTAssertEqual(verifier.verify(token.span, now: now).refusal, error)
        }
    }

    private func text(_ bytes: [UInt8]) -> String { bytes.span.text }
    private func scopes(_ token: VerifiedToken) -> [String] { token.scopes.map(text) }

    private func judge(_ claims: ClaimsText, now: UnixTime? = nil) -> TokenVerifier.Outcome {
        judge(claims.text, now: now)
    }

    private func judge(
        _ claims: String, header: String? = nil, issuer: TokenIssuer = .test, now: UnixTime? = nil
    ) -> TokenVerifier.Outcome {
        do {
            let token = signer.token(claims, header: header)
            return try verifier(issuer).verify(token.span, now: now ?? self.now)
        } catch {
            XCTFail("\(error)")
            return .keysUnavailable(issuer: 0)
        }
    }

    private func verifier(_ issuer: TokenIssuer) throws -> TokenVerifier {
        let verifier = TokenVerifier(issuers: [issuer], maxTokenBytes: 16_384)
        _ = verifier.install(try signer.keySet, issuer: 0)
        return verifier
    }
}
