import ProxyCore
import XCTest

/// Which key a token may be verified with, and when keys are asked for.
final class TokenKeyTests: XCTestCase {
    private let claims = ClaimsText()
    private let now = UnixTime(ClaimsText.now)

    func testTokensOfAnotherImplementation() throws {
        let verifier = try verifier(TokenFixtures.keySet().text)
        for vector in try TokenFixtures.accepted() {
            let outcome = verifier.verify(vector.token.utf8.span, now: now)
            XCTAssertNil(outcome.refusal, vector.name)
            XCTAssertEqual(outcome.token?.clientID, Array("client-1".utf8), vector.name)
        }
        for vector in try TokenFixtures.confused() {
            let outcome = verifier.verify(vector.token.utf8.span, now: now)
            XCTAssertEqual(outcome.refusal, .unsupportedAlgorithm, vector.name)
        }
    }

    func testAlgorithmsOfTheIssuer() throws {
        let signers = [TestSigner(.p256, keyID: "ec"), TestSigner(.ed25519, keyID: "ed")]
        let keys = try TestSigner.keySet(signers.map { $0.jwk() })
        let rows: [([SignatureAlgorithm], TestSigner, String, TokenError?)] = [
            ([.es256], signers[0], "ES256", nil), ([.rs256, .es384], signers[0], "ES256", .algorithmNotAllowed),
            ([.es256], signers[1], "EdDSA", .algorithmNotAllowed), ([.edDSA], signers[1], "EdDSA", nil),
            ([.edDSA], signers[1], "Ed25519", nil), ([.ed25519], signers[1], "EdDSA", nil),
            ([.ed25519], signers[1], "Ed25519", nil), ([.ed448], signers[1], "EdDSA", .algorithmNotAllowed),
            ([.ed448], signers[1], "Ed25519", .algorithmNotAllowed), ([.edDSA], signers[1], "Ed448", .noMatchingKey),
            // A header that names another kind of algorithm than the key's.
            ([.es256, .rs256], signers[0], "RS256", .noMatchingKey),
            ([.es256, .es384], signers[0], "ES384", .noMatchingKey),
            ([.es256, .edDSA], signers[0], "EdDSA", .noMatchingKey),
            ([.es256], signers[0], "none", .unsupportedAlgorithm),
            ([.es256], signers[0], "HS256", .unsupportedAlgorithm),
        ]
        for (allowed, signer, name, error) in rows {
            var issuer = TokenIssuer.test
            issuer.algorithms = SignatureAlgorithmSet(allowed)
            let verifier = TokenVerifier(issuers: [issuer], maxTokenBytes: 16_384)
            _ = verifier.install(keys, issuer: 0)
            let header = "{\"alg\":\"\(name)\",\"kid\":\"\(signer.keyID ?? "")\"}"
            let token = signer.token(claims.text, header: header)
            XCTAssertEqual(verifier.verify(token.span, now: now).refusal, error, "\(allowed) \(name)")
        }
    }

    func testAlgorithmOfTheKey() throws {
        let rsa = TestSigner(.rsa2048)
        let edwards = TestSigner(.ed25519)
        let rows: [(TestSigner, String, String, TokenError?)] = [
            (rsa, "\"alg\":\"RS256\"", "RS256", nil), (rsa, "\"alg\":\"PS256\"", "RS256", .noMatchingKey),
            (rsa, "\"alg\":\"RS512\"", "RS256", .noMatchingKey), (rsa, "\"use\":\"sig\"", "RS256", nil),
            (rsa, "\"use\":\"sig\"", "RS384", .badSignature), (rsa, "\"use\":\"sig\"", "PS256", .badSignature),
            (edwards, "\"alg\":\"EdDSA\"", "Ed25519", nil), (edwards, "\"alg\":\"Ed25519\"", "EdDSA", nil),
            (edwards, "\"alg\":\"EdDSA\"", "EdDSA", nil),
        ]
        for (signer, member, name, error) in rows {
            let verifier = try verifier(TestSigner.keySet([signer.jwk(member)]))
            let token = signer.token(claims.text, header: "{\"alg\":\"\(name)\",\"kid\":\"key-1\"}")
            XCTAssertEqual(verifier.verify(token.span, now: now).refusal, error, "\(member) \(name)")
        }
    }

    func testKeyIDs() throws {
        let (first, second, stranger) = (TestSigner(keyID: "a"), TestSigner(keyID: "b"), TestSigner(keyID: "c"))
        let nameless = TestSigner(keyID: nil)
        let verifier = try verifier(TestSigner.keySet([first.jwk(), second.jwk(), nameless.jwk()]))
        for signer in [first, second, nameless] { XCTAssertNil(outcome(verifier, signer, signer.keyID).refusal) }
        // The kid decides alone: the right key under another's name does not count.
        XCTAssertEqual(outcome(verifier, first, "b").refusal, .badSignature)
        XCTAssertEqual(outcome(verifier, nameless, "a").refusal, .badSignature)
        for keyID in ["c", "", "A", "a ", "a\\u0000"] {
            XCTAssertEqual(outcome(verifier, first, keyID).needed, 0, keyID)
        }
        // Without one, every fitting key is tried.
        for signer in [first, second, nameless] { XCTAssertNil(outcome(verifier, signer, nil).refusal) }
        XCTAssertEqual(outcome(verifier, stranger, nil).refusal, .badSignature)
        XCTAssertNil(outcome(verifier, first, "\\u0061").refusal)
    }

    func testKeysThatShareAKeyID() throws {
        let signers = [TestSigner(keyID: "same"), TestSigner(.ed25519, keyID: "same"), TestSigner(keyID: "same")]
        let verifier = try verifier(TestSigner.keySet(signers.map { $0.jwk() }))
        for signer in signers { XCTAssertNil(outcome(verifier, signer, "same").refusal) }
    }

    func testWithoutAKeyIDAtMostEightKeysAreTried() throws {
        let signers = (0..<9).map { TestSigner(keyID: "\($0)") }
        let others = (0..<20).map { TestSigner(.ed25519, keyID: "other-\($0)") }
        let verifier = try verifier(TestSigner.keySet((others + signers).map { $0.jwk() }))
        XCTAssertNil(outcome(verifier, signers[7], nil).refusal)
        XCTAssertEqual(outcome(verifier, signers[8], nil).refusal, .badSignature)
        XCTAssertNil(outcome(verifier, signers[8], "8").refusal)
    }

    func testWhatIsRefusedAnywayAsksForNoKeys() throws {
        let signer = TestSigner(keyID: "new")
        let good = signer.token(claims.text)
        let rows: [([UInt8], TokenError)] = [
            (signer.token(claims.with("exp", "1").text), .expired),
            (signer.token(claims.with("aud", "\"x\"").text), .wrongAudience),
            (signer.token(claims.with("iss", "\"x\"").text), .unknownIssuer),
            (signer.token(claims.with("scope", "1").text), .invalidClaims),
            (signer.token(claims.with("client_id", "1").text), .invalidClaims),
            (signer.token(claims.with("nbf", "\(ClaimsText.now + 99)").text), .notYetValid),
            (signer.token(claims.text, header: #"{"alg":"ES256","kid":"new","typ":"x"}"#), .wrongType),
            (signer.token("{}"), .missingIssuer), (signer.token("x"), .malformed),
        ]
        let never = TokenVerifier(issuers: [.test], maxTokenBytes: 16_384)
        let old = try verifier(TestSigner(keyID: "old").keySet)
        for (token, error) in rows {
            XCTAssertEqual(never.verify(token.span, now: now).refusal, error)
            XCTAssertEqual(old.verify(token.span, now: now).refusal, error)
        }
        guard case .keysUnavailable(issuer: 0) = never.verify(good.span, now: now) else { return XCTFail("no keys") }
        XCTAssertEqual(old.verify(good.span, now: now).needed, 0)
        // Nor does an empty set, or one without a key of that kind, end the search for a key without a name.
        let nameless = TestSigner(keyID: nil).token(claims.text)
        XCTAssertEqual(try verifier(TestSigner.keySet([])).verify(nameless.span, now: now).needed, 0)
        XCTAssertEqual(try verifier(TestSigner(.ed25519).keySet).verify(nameless.span, now: now).needed, 0)
    }

    func testKeysBelongToTheirIssuer() throws {
        var other = TokenIssuer.test
        other.issuer = "https://other.test/"
        let signers = [TestSigner(keyID: "same"), TestSigner(keyID: "same")]
        let verifier = TokenVerifier(issuers: [.test, other], maxTokenBytes: 16_384)
        for (index, signer) in signers.enumerated() { _ = verifier.install(try signer.keySet, issuer: index) }
        for (index, issuer) in ["https://issuer.test/", "https://other.test/"].enumerated() {
            let text = claims.with("iss", "\"\(issuer)\"").text
            let own = signers[index].token(text)
            XCTAssertEqual(verifier.verify(own.span, now: now).token?.issuer, index)
            let foreign = signers[1 - index].token(text)
            guard case .refused(.badSignature, issuer: index) = verifier.verify(foreign.span, now: now) else {
                return XCTFail("a key of another issuer")
            }
        }
    }

    func testRotation() throws {
        let (old, new) = (TestSigner(keyID: "old"), TestSigner(keyID: "new"))
        let verifier = TokenVerifier(issuers: [.test], maxTokenBytes: 16_384)
        XCTAssertFalse(verifier.install(try old.keySet, issuer: 0), "nothing was there to leave")
        let token = try XCTUnwrap(outcome(verifier, old, "old").token)
        XCTAssertTrue(verifier.holdsKey(of: token))
        XCTAssertEqual(outcome(verifier, new, "new").needed, 0)

        XCTAssertFalse(verifier.install(try TestSigner.keySet([new.jwk(), old.jwk()]), issuer: 0))
        XCTAssertTrue(verifier.holdsKey(of: token))
        XCTAssertNil(outcome(verifier, old, "old").refusal)
        XCTAssertNil(outcome(verifier, new, "new").refusal)

        XCTAssertTrue(verifier.install(try new.keySet, issuer: 0), "a key has left")
        XCTAssertFalse(verifier.holdsKey(of: token))
        XCTAssertEqual(outcome(verifier, old, "old").needed, 0)

        // The same kid over other numbers is another key.
        let impostor = TestSigner(keyID: "new")
        let mine = try XCTUnwrap(outcome(verifier, new, "new").token)
        XCTAssertTrue(verifier.install(try impostor.keySet, issuer: 0))
        XCTAssertFalse(verifier.holdsKey(of: mine))
        XCTAssertEqual(outcome(verifier, new, "new").refusal, .badSignature)

        XCTAssertTrue(verifier.install(nil, issuer: 0))
        XCTAssertFalse(verifier.install(nil, issuer: 0))
        guard case .keysUnavailable(issuer: 0) = outcome(verifier, new, "new") else { return XCTFail("keys are gone") }
    }

    private func verifier(_ keys: KeySet) -> TokenVerifier {
        let verifier = TokenVerifier(issuers: [.test], maxTokenBytes: 16_384)
        _ = verifier.install(keys, issuer: 0)
        return verifier
    }

    private func verifier(_ text: [UInt8]) throws -> TokenVerifier { verifier(try KeySet.parse(text)) }

    /// What becomes of a good token by `signer` that names `keyID`.
    private func outcome(_ verifier: TokenVerifier, _ signer: TestSigner, _ keyID: String?) -> TokenVerifier.Outcome {
        let member = keyID.map { ",\"kid\":\"\($0)\"" } ?? ""
        let token = signer.token(claims.text, header: "{\"alg\":\"\(signer.algorithm.name)\"\(member)}")
        return verifier.verify(token.span, now: now)
    }
}

extension TokenIssuer {
    /// The issuer of `ClaimsText`, with the default settings.
    static var test: TokenIssuer { TokenIssuer(issuer: ClaimsText.issuer, audiences: [ClaimsText.audience, "second"]) }
}

extension TokenVerifier.Outcome {
    var token: VerifiedToken? {
        if case .verified(let token) = self { token } else { nil }
    }

    var refusal: TokenError? {
        if case .refused(let error, _) = self { error } else { nil }
    }

    /// The issuer of which a key is needed.
    var needed: Int? {
        if case .keyNeeded(let issuer) = self { issuer } else { nil }
    }
}
