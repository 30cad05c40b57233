import ProxyCore
import XCTest

/// Answers of token endpoints (RFC 6749 sections 5.1 and 5.2).
final class TokenAnswerTests: XCTestCase {
    func testAnswersThatAreGood() throws {
        let table: [(String, String, Double?, String?)] = [
            (#"{"access_token":"abc","token_type":"Bearer"}"#, "abc", nil, nil),
            (#"{"access_token":"a.b-c_~+/==","token_type":"bearer","expires_in":60}"#, "a.b-c_~+/==", 60, nil),
            (#"{"access_token":"abc","token_type":"BEARER","expires_in":1.5,"scope":"a b"}"#, "abc", 1.5, "a b"),
            (#" {"token_type":"Bearer","access_token":"a","expires_in":null,"scope":null,"x":[{}]} "#, "a", nil, nil),
            (#"{"access_token":"abc","token_type":"Bearer","expires_in":1e300}"#, "abc", 366 * 86_400, nil),
        ]
        for (text, token, lifetime, scope) in table {
            let answer = try TokenAnswer(parsing: Array(text.utf8))
            XCTAssertEqual(String(decoding: answer.token, as: UTF8.self), token, text)
            XCTAssertEqual(answer.lifetime?.seconds, lifetime, text)
            XCTAssertEqual(answer.scope, scope, text)
        }
        let longest = String(repeating: "x", count: TokenAnswer.tokenBytesMax)
        let text = "{\"access_token\":\"\(longest)\",\"token_type\":\"Bearer\"}"
        XCTAssertEqual(try TokenAnswer(parsing: Array(text.utf8)).token.count, TokenAnswer.tokenBytesMax)
    }

    func testAnswersThatAreNone() {
        let table: [(String, TokenAnswerProblem)] = [
            ("", .notJSON), ("token", .notJSON), (#"{"access_token":"a","access_token":"b"}"#, .notJSON),
            ("access_token=abc&token_type=Bearer", .notJSON), (#"{"access_token":"a"} x"#, .notJSON),
            (#"["abc"]"#, .notAnObject), (#""abc""#, .notAnObject), ("{}", .noToken),
            (#"{"access_token":null,"token_type":"Bearer"}"#, .noToken),
            (#"{"access_token":7,"token_type":"Bearer"}"#, .malformedToken),
            (#"{"access_token":"","token_type":"Bearer"}"#, .malformedToken),
            (#"{"access_token":"a b","token_type":"Bearer"}"#, .malformedToken),
            (#"{"access_token":"a\r\nX: y","token_type":"Bearer"}"#, .malformedToken),
            (#"{"access_token":"a\u0000","token_type":"Bearer"}"#, .malformedToken),
            (#"{"access_token":"ü","token_type":"Bearer"}"#, .malformedToken),
            (#"{"access_token":"=","token_type":"Bearer"}"#, .malformedToken),
            (#"{"access_token":"abc"}"#, .noType), (#"{"access_token":"abc","token_type":null}"#, .noType),
            (#"{"access_token":"abc","token_type":"mac"}"#, .otherType),
            (#"{"access_token":"abc","token_type":"DPoP"}"#, .otherType),
            (#"{"access_token":"abc","token_type":["Bearer"]}"#, .otherType),
            (#"{"access_token":"abc","token_type":"Bearer "}"#, .otherType),
            (#"{"access_token":"abc","token_type":"Bearer","expires_in":0}"#, .malformedLifetime),
            (#"{"access_token":"abc","token_type":"Bearer","expires_in":-5}"#, .malformedLifetime),
            (#"{"access_token":"abc","token_type":"Bearer","expires_in":"3600"}"#, .malformedLifetime),
            (#"{"access_token":"abc","token_type":"Bearer","expires_in":true}"#, .malformedLifetime),
            (#"{"access_token":"abc","token_type":"Bearer","scope":["a"]}"#, .malformedScope),
        ]
        for (text, problem) in table { assert(text, is: problem) }
        let long = String(repeating: "x", count: TokenAnswer.tokenBytesMax + 1)
        assert("{\"access_token\":\"\(long)\",\"token_type\":\"Bearer\"}", is: .tooLongToken)
    }

    func testEveryProblemSaysSomethingElse() {
        XCTAssertEqual(Set(TokenAnswerProblem.allCases.map { "\($0.reason)" }).count, TokenAnswerProblem.allCases.count)
        XCTAssertEqual(Set(TokenRefusal.allCases.map { "\($0.code)" }).count, TokenRefusal.allCases.count)
        XCTAssertEqual(Set(TokenRefusal.allCases.map { "\($0.meaning)" }).count, TokenRefusal.allCases.count)
        XCTAssertEqual(Set(TokenFailure.causes.map { "\($0)" }).count, TokenFailure.causes.count)
    }

    private func assert(_ text: String, is problem: TokenAnswerProblem, line: UInt = #line) {
        do throws(TokenAnswerProblem) {
            _ = try TokenAnswer(parsing: Array(text.utf8))
            XCTFail("accepted: \(text.prefix(100))", line: line)
        } catch {
            XCTAssertEqual(error, problem, String(text.prefix(100)), line: line)
        }
    }
}
