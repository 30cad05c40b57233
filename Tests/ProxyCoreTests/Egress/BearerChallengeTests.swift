import ProxyCore
import XCTest

final class BearerChallengeTests: XCTestCase {
    func testOnlyBearersWordCounts() {
        let table: [(String, Bool)] = [
            (#"Bearer error="invalid_token""#, true), (#"bearer ERROR=invalid_token"#, true),
            (#"Bearer realm="api", error="invalid_token", error_description="The token has expired""#, true),
            (#"Bearer realm="a, b=\"c\"", error = "invalid_token""#, true),
            (#"Basic realm="x", Bearer error="invalid_token""#, true),
            (#"Bearer error="invalid_token", Basic realm="x""#, true), (#",, Bearer  error="invalid_token""#, true),
            (#"Negotiate, Bearer scope="a b", error="invalid_token""#, true),
            (#"Negotiate YWJj==, Bearer error="invalid_token""#, true),
            (#"NTLM a/b+c , Bearer error="invalid_token""#, true), (#"Bearer YQ==, error="invalid_token""#, true),
            (#"Negotiate Bearer, error="invalid_token""#, false), (#"Bearer a==b, error="invalid_token""#, false),
            (#"Bearer a=="#, false), (#"a/b, Bearer error="invalid_token""#, false),
            ("", false), ("Bearer", false), (#"Bearer realm="api""#, false),
            (#"Bearer error="insufficient_scope", scope="a""#, false), (#"Bearer error="invalid_request""#, false),
            (#"Bearer error="invalid_token2""#, false), (#"Bearer error_description="invalid_token""#, false),
            (#"Basic error="invalid_token""#, false), (#"DPoP error="invalid_token""#, false),
            (#"Bearer, Basic error="invalid_token""#, false), (#"Bearer realm="error=\"invalid_token\"""#, false),
            (#"Bearer realm=", error="invalid_token"#, false), (#"Bearer error="invalid_token"#, false),
            (#"Bearer error"#, false), (#"Bearer error="#, false), (#"error="invalid_token""#, false),
            (#"Bearer realm="a\"#, false), (#"Bearer error="Invalid_Token""#, false),
        ]
        for (value, isRefusal) in table {
            let bytes = Array(value.utf8)
            XCTAssertEqual(BearerChallenge.refusesToken(bytes.span), isRefusal, value)
        }
    }

    func testAnyBytesAreRead() {
        let seed: UInt64 = 7
        var random = SeededRandom(seed: seed)
        let alphabet = Array(#"Bearer error="invalid_token", \;="#.utf8)
        for _ in 0..<2000 {
            let bytes = (0..<random.next(upTo: 40)).map { _ in alphabet[random.next(upTo: alphabet.count)] }
            let text = String(decoding: bytes, as: UTF8.self)
            let isRefusal = BearerChallenge.refusesToken(bytes.span)
            XCTAssertTrue(!isRefusal || text.lowercased().contains("invalid_token"), "seed \(seed): \(text)")
        }
    }
}
