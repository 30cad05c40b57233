import ProxyCore
import XCTest

final class CompactTokenTests: XCTestCase {
    func testTakesATokenApart() throws {
        let token = compact(#"{"alg":"ES256","kid":"a\u0062","typ":"at+JWT","x":{"y":[1]}}"#, "payload", "signature")
        let parsed = try CompactToken(parsing: token.span, maxBytes: 16_384)
        XCTAssertEqual(parsed.algorithm, .es256)
        XCTAssertEqual(parsed.keyID, Array("ab".utf8))
        XCTAssertEqual(parsed.type, Array("at+JWT".utf8))
        XCTAssertEqual(parsed.payload, Array("payload".utf8))
        XCTAssertEqual(parsed.signature, Array("signature".utf8))
        let second = try XCTUnwrap(token.lastIndex(of: ASCII.dot))
        XCTAssertEqual(parsed.signingInput, ByteRange(0, second))
    }

    func testWhatNamesKeysIsIgnored() throws {
        let keys = #""jwk":{"kty":"oct","k":""},"jku":"http://x/","x5u":"http://x/","x5c":["!"],"x5t":1"#
        let header = "{\"alg\":\"ES256\",\(keys)}"
        let token = compact(header, "", "")
        let parsed = try CompactToken(parsing: token.span, maxBytes: 16_384)
        XCTAssertNil(parsed.keyID)
        XCTAssertNil(parsed.type)
    }

    func testHeadersThatAreRefused() {
        let rows: [(String, TokenError)] = [
            (#"{"alg":"none"}"#, .unsupportedAlgorithm), (#"{"alg":"None"}"#, .unsupportedAlgorithm),
            (#"{"alg":"nOnE"}"#, .unsupportedAlgorithm), (#"{"alg":""}"#, .unsupportedAlgorithm),
            (#"{"alg":"HS256"}"#, .unsupportedAlgorithm), (#"{"alg":"HS384"}"#, .unsupportedAlgorithm),
            (#"{"alg":"HS512"}"#, .unsupportedAlgorithm), (#"{"alg":"es256"}"#, .unsupportedAlgorithm),
            (#"{"alg":"ES256K"}"#, .unsupportedAlgorithm), (#"{"alg":"ES256 "}"#, .unsupportedAlgorithm),
            (#"{"alg":"RSA-OAEP","enc":"A128GCM"}"#, .unsupportedAlgorithm),
            (#"{"alg":"ES256","enc":"A128GCM"}"#, .encrypted),
            (#"{}"#, .malformed), (#"{"alg":null}"#, .malformed), (#"{"alg":256}"#, .malformed),
            (#"{"alg":["ES256"]}"#, .malformed), (#"[]"#, .malformed), (#""ES256""#, .malformed), ("", .malformed),
            (#"{"alg":"ES256","alg":"ES256"}"#, .malformed), (#"{"alg":"none","alg":"ES256"}"#, .malformed),
            (#"{"alg":"ES256","al\u0067":"none"}"#, .malformed), (#"{"alg":"ES256","x":{"y":1,"y":2}}"#, .malformed),
            (#"{"alg":"ES256"} "x""#, .malformed), (#"{"alg":"ES256",}"#, .malformed),
            (#"{"alg":"ES256","crit":["x"]}"#, .criticalHeader), (#"{"alg":"ES256","crit":[]}"#, .criticalHeader),
            (#"{"alg":"ES256","crit":null}"#, .criticalHeader),
            (#"{"alg":"ES256","crit":["b64"],"b64":false}"#, .criticalHeader),
            (#"{"alg":"ES256","b64":false}"#, .criticalHeader), (#"{"alg":"ES256","b64":true}"#, .criticalHeader),
            (#"{"alg":"ES256","cty":"JWT"}"#, .nestedToken), (#"{"alg":"ES256","cty":"jwt"}"#, .nestedToken),
            (#"{"alg":"ES256","cty":"application/jwt"}"#, .nestedToken),
            (#"{"alg":"ES256","cty":"Application/JWT"}"#, .nestedToken), (#"{"alg":"ES256","cty":1}"#, .malformed),
            (#"{"alg":"ES256","kid":1}"#, .malformed), (#"{"alg":"ES256","kid":null}"#, .malformed),
            (#"{"alg":"ES256","typ":["JWT"]}"#, .malformed),
            (#"{"alg":"ES256","x":1e999}"#, .malformed), (#"{"alg":"ES256","kid":"\ud800"}"#, .malformed),
            ("{\"alg\":\"ES256\"}\0", .malformed), ("\u{FEFF}{\"alg\":\"ES256\"}", .malformed),
        ]
        for (header, error) in rows { XCTAssertEqual(refusal(compact(header, "{}", "x")), error, header) }
        XCTAssertNil(refusal(compact(#"{"alg":"ES256","cty":"text/plain"}"#, "{}", "x")))
        let deep = #"{"alg":"ES256","x":"# + String(repeating: "[", count: 40) + String(repeating: "]", count: 40) + "}"
        XCTAssertEqual(refusal(compact(deep, "{}", "x")), .malformed)
        let notUTF8 = [0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D] as [UInt8]
        XCTAssertEqual(refusal(Base64URL.encode(notUTF8.span) + Array(".e30.eA".utf8)), .malformed)
    }

    func testFormsThatAreRefused() {
        let header = TestSigner.encode(#"{"alg":"ES256"}"#).span.text
        let rows: [(String, TokenError)] = [
            ("", .malformed), (".", .malformed), ("..", .malformed), ("...", .malformed), ("....", .encrypted),
            (header, .malformed), ("\(header).e30", .malformed), ("\(header).e30.eA.", .malformed),
            ("\(header).e30.eA.eA", .malformed), ("\(header).e30.eA.eA.eA", .encrypted),
            ("\(header).e30.eA.eA.eA.eA", .encrypted),
            ("\(header)=.e30.eA", .malformed), ("\(header).e30=.eA", .malformed), ("\(header).e30.eA==", .malformed),
            ("\(header).e3\n0.eA", .malformed), (" \(header).e30.eA", .malformed), ("\(header).e30.eA ", .malformed),
            ("\(header).e30.e+", .malformed), ("\(header).e30.eB", .malformed), ("\(header).e30.e", .malformed),
            ("\(header).e3_.eA", .malformed),
            ("{\"payload\":\"e30\",\"signature\":\"eA\"}", .malformed),
        ]
        for (token, error) in rows { XCTAssertEqual(refusal(Array(token.utf8)), error, token) }
        XCTAssertNil(refusal(Array("\(header)..".utf8)), "an empty payload is a matter of claims")
    }

    func testLength() throws {
        let token = compact(#"{"alg":"ES256"}"#, "{}", "x")
        XCTAssertNoThrow(try CompactToken(parsing: token.span, maxBytes: token.count))
        XCTAssertThrowsError(try CompactToken(parsing: token.span, maxBytes: token.count - 1)) {
            XCTAssertEqual($0 as? TokenError, .tooLong)
        }
    }

    func testTextsForPeople() {
        for error in TokenError.allCases {
            let description = error.description.description
            // RFC 6750 section 3: what error_description may hold.
            XCTAssertTrue(description.utf8.allSatisfy { $0 >= 0x20 && $0 <= 0x7E && $0 != 0x22 && $0 != 0x5C })
            XCTAssertTrue(error.reason.description.utf8.allSatisfy { ASCII.isLowercase($0) || $0 == ASCII.underscore })
        }
        XCTAssertEqual(Set(TokenError.allCases.map(\.description.description)).count, TokenError.allCases.count)
        XCTAssertEqual(Set(TokenError.allCases.map(\.reason.description)).count, TokenError.allCases.count)
    }

    private func compact(_ header: String, _ payload: String, _ signature: String) -> [UInt8] {
        let parts = [header, payload, signature].map { TestSigner.encode($0) }
        return Array(parts.joined(separator: [ASCII.dot]))
    }

    private func refusal(_ token: [UInt8]) -> TokenError? {
        do throws(TokenError) {
            _ = try CompactToken(parsing: token.span, maxBytes: 16_384)
            return nil
        } catch {
            return error
        }
    }
}
