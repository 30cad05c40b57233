import ProxyCore
import XCTest

final class KeySetTests: XCTestCase {
    func testReadsTheSetOfAnotherImplementation() throws {
        let set = try KeySet.parse(TokenFixtures.keySet().text)
        XCTAssertEqual(set.skipped, [])
        XCTAssertEqual(set.keys.count, 13)
        XCTAssertEqual(set.keys[0].keyID, Array("RS256-0".utf8))
        XCTAssertEqual(set.keys[0].algorithm, .rs256)
        // EdDSA is made specific by the curve.
        XCTAssertEqual(set.keys[9].algorithm, .ed25519)
        XCTAssertEqual(set.keys[10].algorithm, .ed448)
    }

    func testDocumentsThatAreNoKeySet() {
        let tooMany = "{\"keys\":[" + Array(repeating: "1", count: 1001).joined(separator: ",") + "]}"
        let rows: [(String, KeySetError)] = [
            ("", .notJSON(JSONError(.truncated, at: 0))), ("<html>", .notJSON(JSONError(.expectedValue, at: 0))),
            ("[]", .notAKeySet), ("{}", .notAKeySet), ("\"keys\"", .notAKeySet), ("{\"keys\":{}}", .notAKeySet),
            ("{\"keys\":null}", .notAKeySet),
            ("{\"keys\":[],\"keys\":[]}", .notJSON(JSONError(.duplicateMember, at: 11))),
            (tooMany, .tooManyKeys), (String(repeating: " ", count: 1 << 20) + "{}", .tooLarge),
        ]
        for (text, expected) in rows {
            XCTAssertThrowsError(try KeySet.parse(Array(text.utf8)), String(text.prefix(40))) {
                XCTAssertEqual($0 as? KeySetError, expected)
            }
        }
    }

    func testEveryReasonToSkipAKeyHasWordsOfItsOwn() {
        let reasons: [KeySkipReason] = [
            .notAnObject, .malformedMember, .unsupportedKeyType, .symmetricKey, .unsupportedCurve, .notForSignatures,
            .notForVerification, .unsupportedAlgorithm, .algorithmMismatch, .unsound(.modulusTooShort),
            .unsound(.modulusTooLong), .unsound(.unsoundNumbers), .unsound(.wrongCoordinateLength),
            .unsound(.notOnCurve), .duplicate,
        ]
        XCTAssertEqual(Set(reasons.map(\.description.description)).count, reasons.count)
        XCTAssertEqual(KeySkipReason.unsound(.modulusTooShort).description.description, "RSA key below 2048 bits")
        XCTAssertEqual(KeySkipReason.symmetricKey.description.description, "a symmetric key")
    }

    func testBadKeysAreSkippedAndTold() throws {
        let signer = TestSigner()
        let good = signer.jwk()
        let numbers = signer.key.material.members.map { "\"\($0.name)\":\"\($0.value)\"" }
        let x = numbers[2]
        let ec = { (members: String...) in "{\"kty\":\"EC\",\"crv\":\"P-256\",\(members.joined(separator: ","))}" }
        let weak = try TokenFixtures.weak().jwk
        let modulus = try XCTUnwrap(weak["n"]?.string)
        let rows: [(String, KeySkipReason)] = [
            ("1", .notAnObject), ("null", .notAnObject), ("[]", .notAnObject), ("\"x\"", .notAnObject),
            ("{}", .malformedMember), ("{\"kty\":1}", .malformedMember), ("{\"kty\":\"ec\"}", .unsupportedKeyType),
            ("{\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\"}", .unsupportedKeyType),
            ("{\"kty\":\"oct\",\"k\":\"AAAA\"}", .symmetricKey),
            ("{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AA\",\"y\":\"AA\"}", .unsupportedCurve),
            ("{\"kty\":\"EC\",\"crv\":\"Ed25519\",\"x\":\"AA\",\"y\":\"AA\"}", .unsupportedCurve),
            ("{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\"}", .unsupportedCurve),
            ("{\"kty\":\"OKP\",\"x\":\"AA\"}", .malformedMember),
            (signer.jwk("\"use\":\"enc\""), .notForSignatures), (signer.jwk("\"use\":\"SIG\""), .notForSignatures),
            (signer.jwk("\"use\":1"), .malformedMember), (signer.jwk("\"key_ops\":[]"), .notForVerification),
            (signer.jwk("\"key_ops\":[\"sign\"]"), .notForVerification),
            (signer.jwk("\"key_ops\":\"verify\""), .malformedMember),
            (signer.jwk("\"alg\":\"HS256\""), .unsupportedAlgorithm),
            (signer.jwk("\"alg\":\"none\""), .unsupportedAlgorithm),
            (signer.jwk("\"alg\":\"ECDH-ES\""), .unsupportedAlgorithm), (signer.jwk("\"alg\":1"), .malformedMember),
            (signer.jwk("\"alg\":\"RS256\""), .algorithmMismatch),
            (signer.jwk("\"alg\":\"ES384\""), .algorithmMismatch),
            (ec(x), .malformedMember), (ec(x, "\"y\":1"), .malformedMember), (ec(x, "\"y\":\"=\""), .malformedMember),
            (ec(x, "\"y\":\"AA\""), .unsound(.wrongCoordinateLength)),
            (ec(x, x.replacing("\"x\"", with: "\"y\"")), .unsound(.notOnCurve)),
            ("{\"kty\":\"RSA\",\"n\":\"\(modulus)\",\"e\":\"AQAB\"}", .unsound(.modulusTooShort)),
            ("{\"kty\":\"RSA\",\"n\":\"\(modulus)\"}", .malformedMember),
            (ec(numbers[2], numbers[3], "\"kid\":7"), .malformedMember),
            (good, .duplicate),
        ]
        let set = try TestSigner.keySet([good] + rows.map(\.0))
        XCTAssertEqual(set.keys.count, 1)
        XCTAssertEqual(set.skipped.count, rows.count)
        for (position, (row, skipped)) in zip(rows, set.skipped).enumerated() {
            XCTAssertEqual(skipped.reason, row.1, row.0)
            XCTAssertEqual(skipped.position, position + 1)
        }
        XCTAssertEqual(set.skipped.last?.keyID, Array("key-1".utf8))
    }

    func testUsableKeysWithAllTheirTrimmings() throws {
        let rows = [
            "\"use\":\"sig\"", "\"key_ops\":[\"sign\",\"verify\"]", "\"use\":\"sig\",\"key_ops\":[\"verify\"]",
            "\"alg\":\"ES256\"",
            "\"x5c\":[\"!\"],\"x5t\":1,\"d\":\"AA\",\"ext\":true", "\"use\":\"s\\u0069g\"",
        ]
        for more in rows {
            let set = try TestSigner.keySet([TestSigner().jwk(more)])
            XCTAssertEqual(set.keys.count, 1, "\(more) \(set.skipped)")
        }
        XCTAssertEqual(try TestSigner.keySet([]).keys, [])
    }

    /// What makes a key another one for a token that was verified with it.
    func testIdentity() throws {
        let signer = TestSigner()
        let other = TestSigner()
        let identity = { (jwk: String) in try XCTUnwrap(try TestSigner.keySet([jwk]).keys.first).identity }
        let key = try identity(signer.jwk())
        XCTAssertEqual(key, try identity(signer.jwk("\"use\":\"sig\",\"x\\u005f\":1")))
        XCTAssertNotEqual(key, try identity(other.jwk()), "other numbers under the same kid")
        XCTAssertNotEqual(key, try identity(signer.jwk("\"alg\":\"ES256\"")))
        XCTAssertNotEqual(key, try identity(signer.jwk().replacing("key-1", with: "key-2")))
        XCTAssertNotEqual(key, try identity(signer.jwk().replacing(",\"kid\":\"key-1\"", with: "")))
        XCTAssertNotEqual(
            try identity(signer.jwk().replacing("key-1", with: "")),
            try identity(signer.jwk().replacing(",\"kid\":\"key-1\"", with: "")), "an empty kid is a kid")
        XCTAssertTrue(try signer.keySet.holds(key))
        XCTAssertFalse(try other.keySet.holds(key))
    }

    func testEveryTruncationIsRefused() throws {
        let text = Array("{\"keys\":[\(TestSigner().jwk())]}".utf8)
        for count in 0..<text.count { XCTAssertThrowsError(try KeySet.parse(Array(text.prefix(count)))) }
    }
}
