import ProxyCore
import XCTest

final class SignatureCheckTests: XCTestCase {
    func testVectorsOfTheRFCs() throws {
        for vector in try TokenFixtures.rfcVectors() {
            let keys = try self.keys(of: vector)
            XCTAssertEqual(refusal(vector.token, keys), vector.accepted ? nil : .unsupportedAlgorithm, vector.name)
            guard vector.accepted else { continue }
            let algorithm = SignatureAlgorithm(name: vector.algorithm.utf8.span)
            XCTAssertNil(refusal(vector.token, keys, algorithm), vector.name)
            for other in SignatureAlgorithm.allCases where other != algorithm {
                let wanted: TokenError? = vector.algorithm == "EdDSA" && other == .ed25519 ? nil : .algorithmNotAllowed
                XCTAssertEqual(refusal(vector.token, keys, other), wanted, "\(vector.name) as \(other)")
            }
        }
    }

    func testEveryAlgorithmOfAnotherImplementation() throws {
        let keys = try KeySet.parse(TokenFixtures.keySet().text)
        let tokens = try TokenFixtures.accepted()
        XCTAssertEqual(tokens.count, keys.keys.count)
        for (position, vector) in tokens.enumerated() {
            XCTAssertNil(refusal(vector.token, keys), vector.name)
            let found = try SignatureCheck.verify(compact: vector.token.utf8.span, keys: keys)
            XCTAssertEqual(found, keys.keys[position], vector.name)
        }
    }

    func testHMACWithAPublicKeyIsRefused() throws {
        let keys = try KeySet.parse(TokenFixtures.keySet().text)
        for vector in try TokenFixtures.confused() {
            XCTAssertEqual(refusal(vector.token, keys), .unsupportedAlgorithm, vector.name)
            // Nor does it help to lie about the algorithm.
            let header = #"{"alg":"RS256","kid":"RS256-0"}"#
            let relabelled = ([TestSigner.encode(header).span.text] + vector.parts.dropFirst()).joined(separator: ".")
            XCTAssertEqual(refusal(relabelled, keys), .badSignature, vector.name)
        }
    }

    func testWeakKeyVerifiesNothing() throws {
        let (jwk, token) = try TokenFixtures.weak()
        let modulus = try XCTUnwrap(jwk["n"]?.string)
        let keys = try TestSigner.keySet(["{\"kty\":\"RSA\",\"kid\":\"weak\",\"n\":\"\(modulus)\",\"e\":\"AQAB\"}"])
        XCTAssertEqual(keys.skipped.map(\.reason), [.unsound(.modulusTooShort)])
        XCTAssertEqual(refusal(token, keys), .noMatchingKey)
    }

    func testEveryTruncationAndEveryFlippedCharacterIsRefused() throws {
        for vector in try TokenFixtures.rfcVectors() where vector.accepted {
            let keys = try self.keys(of: vector)
            let token = Array(vector.token.utf8)
            for count in 0..<token.count { XCTAssertNotNil(refusal(token.prefix(count), keys), vector.name) }
            for count in 1..<token.count { XCTAssertNotNil(refusal(token.dropFirst(count), keys), vector.name) }
            // Another character of the alphabet in each place: never the same bytes, never the same signature.
            for index in token.indices where token[index] != ASCII.dot {
                var changed = token
                changed[index] = token[index] == 0x41 ? 0x42 : 0x41
                XCTAssertNotNil(refusal(changed[...], keys), "\(vector.name), character \(index)")
            }
        }
    }

    private func keys(of vector: TokenFixtures.Vector) throws -> KeySet {
        guard let jwk = vector.jwk else { return try TestSigner.keySet([]) }
        let members = jwk.members.map { "\"\($0.key.string ?? "")\":\"\($0.value.string ?? "")\"" }
        return try TestSigner.keySet(["{\(members.joined(separator: ","))}"])
    }

    private func refusal(_ token: String, _ keys: KeySet, _ algorithm: SignatureAlgorithm? = nil) -> TokenError? {
        refusal(Array(token.utf8)[...], keys, algorithm)
    }

    private func refusal(_ token: ArraySlice<UInt8>, _ keys: KeySet, _ algorithm: SignatureAlgorithm? = nil)
        -> TokenError?
    {
        do throws(TokenError) {
            _ = try SignatureCheck.verify(compact: token.span, keys: keys, algorithm: algorithm)
            return nil
        } catch {
            return error
        }
    }
}
