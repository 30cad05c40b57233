import ProxyCore
import XCTest

/// Tokens that somebody has been at: whatever is done to one, it is judged without a crash, and not as good.
final class TokenMutationTests: XCTestCase {
    func testChangedTokensAreNeverVerified() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededRandom(seed: seed)
        let signer = TestSigner()
        let verifier = TokenVerifier(issuers: [.test], maxTokenBytes: 16_384)
        _ = verifier.install(try signer.keySet, issuer: 0)
        let token = signer.token(ClaimsText().text)
        for _ in 0..<3000 {
            let changed = mutate(token, &random)
            if changed == token { continue }
            let outcome = verifier.verify(changed.span, now: UnixTime(ClaimsText.now))
            XCTAssertNil(outcome.token, "seed \(seed): \(changed.span.text)")
        }
    }

    /// Headers and claims that are changed before they are signed get past the outer layers.
    func testChangedContentsAreJudged() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededRandom(seed: seed)
        let signer = TestSigner()
        let verifier = TokenVerifier(issuers: [.test], maxTokenBytes: 16_384)
        _ = verifier.install(try signer.keySet, issuer: 0)
        let claims = Array(ClaimsText().text.utf8)
        for _ in 0..<1500 {
            let token = signer.token(mutate(claims, &random).span.text)
            guard let verified = verifier.verify(token.span, now: UnixTime(ClaimsText.now)).token else { continue }
            // What gets through still says what has to be said.
            XCTAssertTrue(verified.scopes.allSatisfy { ScopeToken.isValid($0.span) }, "seed \(seed)")
            XCTAssertNil(verified.temporalError(at: UnixTime(ClaimsText.now), skew: 30), "seed \(seed)")
            XCTAssertEqual(verified.claims.root["iss"]?.string, ClaimsText.issuer, "seed \(seed)")
        }
    }

    /// With nothing readable behind its last byte, a token of any length shows a read too far.
    func testNothingIsReadBehindTheToken() throws {
        let signer = TestSigner()
        let verifier = TokenVerifier(issuers: [.test], maxTokenBytes: 16_384)
        _ = verifier.install(try signer.keySet, issuer: 0)
        let cache = TokenCache<VerifiedToken>(capacity: 4)
        let token = signer.token(ClaimsText().text)
        let guarded = GuardedBytes()
        for count in 0...token.count {
            guarded.withPrefix(count, of: token) { bytes in
                let verified = verifier.verify(bytes, now: UnixTime(ClaimsText.now)).token
                XCTAssertEqual(verified != nil, count == token.count)
                if let verified { cache.insert(bytes, verified) }
                XCTAssertEqual(cache.lookup(bytes) != nil, count == token.count)
            }
        }
    }

    private func mutate(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        let alphabet = Array("AQgw_-.=+/{}[]\":,0123456789eE\\u \n\0\u{7F}é".utf8)
        var changed = bytes
        for _ in 0...random.next(upTo: 3) {
            let index = random.next(upTo: changed.count)
            switch random.next(upTo: 6) {
            case 0: changed.remove(at: index)
            case 1: changed.insert(alphabet[random.next(upTo: alphabet.count)], at: index)
            case 2: changed[index] ^= 1 << UInt8(random.next(upTo: 8))
            case 3: changed.removeSubrange(index..<min(index + random.next(upTo: 20), changed.count))
            case 4:
                let copied = changed[index..<min(index + random.next(upTo: 20), changed.count)]
                changed.insert(contentsOf: copied, at: index)
            case _: changed[index] = alphabet[random.next(upTo: alphabet.count)]
            }
            if changed.isEmpty { changed = [0x2E] }
        }
        return changed
    }
}
