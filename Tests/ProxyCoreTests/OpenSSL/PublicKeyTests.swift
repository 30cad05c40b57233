import ProxyCore
import XCTest

final class PublicKeyTests: XCTestCase {
    func testVectorsOfTheRFCs() throws {
        var verified = 0
        for vector in try TokenFixtures.rfcVectors() {
            let algorithm = SignatureAlgorithm(name: vector.algorithm.utf8.span)
            XCTAssertEqual(algorithm != nil, vector.accepted, vector.name)
            guard let algorithm, let jwk = vector.jwk else { continue }
            try assertVerifies(vector, algorithm, TokenFixtures.material(jwk))
            verified += 1
        }
        XCTAssertEqual(verified, 7)
    }

    func testEveryAlgorithmOfAnotherImplementation() throws {
        let keys = try TokenFixtures.keySet().keys
        for (vector, jwk) in zip(try TokenFixtures.accepted(), keys) {
            let algorithm = try XCTUnwrap(SignatureAlgorithm(name: vector.algorithm.utf8.span), vector.name)
            try assertVerifies(vector, algorithm, TokenFixtures.material(jwk))
        }
        XCTAssertEqual(Set(try TokenFixtures.accepted().map(\.algorithm)).count, SignatureAlgorithm.allCases.count)
    }

    func testAnAlgorithmVerifiesOnlyItsOwnSignatures() throws {
        let keys = try TokenFixtures.keySet().keys
        for (vector, jwk) in zip(try TokenFixtures.accepted(), keys) {
            let material = try TokenFixtures.material(jwk)
            let key = try PublicKey(material)
            let own = try XCTUnwrap(SignatureAlgorithm(name: vector.algorithm.utf8.span))
            let signature = try self.signature(vector)
            for other in SignatureAlgorithm.allCases where material.resolve(other) != material.resolve(own) {
                let input = vector.signingInput
                XCTAssertFalse(
                    key.verify(other, signingInput: input.span, signature: signature.span), "\(vector.name) \(other)")
            }
        }
    }

    func testShapesOfECDSASignatures() throws {
        let vector = try XCTUnwrap(TokenFixtures.rfcVectors().first { $0.name == "RFC 7515 A.3" })
        let key = try PublicKey(TokenFixtures.material(XCTUnwrap(vector.jwk)))
        let good = try signature(vector)
        let (r, s) = (Array(good.prefix(32)), Array(good.suffix(32)))
        let zero = [UInt8](repeating: 0, count: 32)
        let order: [UInt8] = [
            0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
            0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
        ]
        let highest = [UInt8](repeating: 0xFF, count: 32)
        let rows: [(String, [UInt8])] = [
            ("empty", []), ("63 bytes", Array(good.dropLast())), ("63 bytes, first gone", Array(good.dropFirst())),
            ("65 bytes", good + [0]), ("65 bytes, zero first", [0] + good), ("r only", r), ("twice", good + good),
            ("r = 0", zero + s), ("s = 0", r + zero), ("both 0", zero + zero),
            ("r = n", order + s), ("s = n", r + order), ("r above n", highest + s), ("s above n", r + highest),
            ("r = n, s = n", order + order), ("swapped", s + r),
            ("DER", [0x30, 0x44, 0x02, 0x20] + r + [0x02, 0x20] + s),
        ]
        let input = vector.signingInput
        for (name, signature) in rows {
            XCTAssertFalse(key.verify(.es256, signingInput: input.span, signature: signature.span), name)
        }
        XCTAssertTrue(key.verify(.es256, signingInput: input.span, signature: good.span))
    }

    func testRSASignaturesHaveTheLengthOfTheModulus() throws {
        let vector = try XCTUnwrap(TokenFixtures.rfcVectors().first { $0.name == "RFC 7515 A.2" })
        let key = try PublicKey(TokenFixtures.material(XCTUnwrap(vector.jwk)))
        let good = try signature(vector)
        let input = vector.signingInput
        for signature in [[], Array(good.dropLast()), good + [0], [0] + good, Array(good.dropFirst())] {
            XCTAssertFalse(key.verify(.rs256, signingInput: input.span, signature: signature.span))
        }
    }

    func testPSSSaltHasTheLengthOfTheDigest() throws {
        // The vector's salt has 48 bytes; under another digest nothing fits, which `AnAlgorithmVerifiesOnlyItsOwn`
        // covers. This one shows that the context of one algorithm does not disturb the next.
        let vector = try XCTUnwrap(TokenFixtures.rfcVectors().first { $0.name == "RFC 7520 4.2" })
        let key = try PublicKey(TokenFixtures.material(XCTUnwrap(vector.jwk)))
        let signature = try self.signature(vector)
        let input = vector.signingInput
        for algorithm in [SignatureAlgorithm.rs256, .ps256, .ps384, .rs384, .ps512, .ps384] {
            XCTAssertEqual(
                key.verify(algorithm, signingInput: input.span, signature: signature.span), algorithm == .ps384)
        }
    }

    func testUnsoundRSAKeysAreRefused() throws {
        let weak = try TokenFixtures.material(TokenFixtures.weak().jwk)
        XCTAssertEqual(refusal(weak), .modulusTooShort)
        guard case .rsa(let modulus, let exponent) = try rsaMaterial() else { return XCTFail("not RSA") }
        XCTAssertNil(refusal(.rsa(modulus: [0, 0] + modulus, exponent: [0] + exponent)))
        XCTAssertNil(refusal(.rsa(modulus: modulus, exponent: [3])))
        let even = Array(modulus.dropLast()) + [modulus[255] & 0xFE]
        let huge = [0x80] + [UInt8](repeating: 0xFF, count: 2048)
        let rows: [([UInt8], [UInt8], KeyError)] = [
            ([], exponent, .modulusTooShort), ([0], exponent, .modulusTooShort),
            ([0x7F] + modulus.dropFirst(), exponent, .modulusTooShort),
            (huge, exponent, .modulusTooLong), (even, exponent, .unsoundNumbers),
            (modulus, [], .unsoundNumbers), (modulus, [0], .unsoundNumbers), (modulus, [1], .unsoundNumbers),
            (modulus, [0, 1], .unsoundNumbers), (modulus, [2], .unsoundNumbers), (modulus, [1, 0], .unsoundNumbers),
            (modulus, modulus, .unsoundNumbers),
        ]
        for (modulus, exponent, error) in rows {
            XCTAssertEqual(refusal(.rsa(modulus: modulus, exponent: exponent)), error, "\(exponent)")
        }
    }

    func testUnsoundPointsAreRefused() throws {
        let zero = [UInt8](repeating: 0, count: 32)
        let vector = try XCTUnwrap(TokenFixtures.rfcVectors().first { $0.name == "RFC 7515 A.3" })
        guard case .elliptic(_, let x, let y) = try TokenFixtures.material(XCTUnwrap(vector.jwk)) else {
            return XCTFail("not EC")
        }
        let beyondField = [UInt8](repeating: 0xFF, count: 32)
        let rows: [(KeyMaterial, KeyError)] = [
            (.elliptic(.p256, x: y, y: x), .notOnCurve), (.elliptic(.p256, x: x, y: zero), .notOnCurve),
            (.elliptic(.p256, x: zero, y: zero), .notOnCurve), (.elliptic(.p256, x: beyondField, y: y), .notOnCurve),
            (.elliptic(.p256, x: [0] + x, y: y), .wrongCoordinateLength),
            (.elliptic(.p256, x: x, y: Array(y.dropLast())), .wrongCoordinateLength),
            (.elliptic(.p256, x: [], y: []), .wrongCoordinateLength),
            (.elliptic(.p384, x: x, y: y), .wrongCoordinateLength),
            (.edwards(.ed25519, x: Array(x.dropLast())), .wrongCoordinateLength),
            (.edwards(.ed448, x: x), .wrongCoordinateLength),
        ]
        for (material, error) in rows { XCTAssertEqual(refusal(material), error, "\(material)") }
    }

    /// The vector verifies, again and again; with any change of the input or of the signature it does not.
    private func assertVerifies(
        _ vector: TokenFixtures.Vector, _ algorithm: SignatureAlgorithm, _ material: KeyMaterial
    ) throws {
        let key = try PublicKey(material)
        let signature = try self.signature(vector)
        let input = vector.signingInput
        let verify = { (input: [UInt8], signature: [UInt8]) in
            key.verify(algorithm, signingInput: input.span, signature: signature.span)
        }
        XCTAssertTrue(verify(input, signature), vector.name)
        XCTAssertFalse(verify(input + [0x41], signature), vector.name)
        for bit in [0, signature.count * 4, signature.count * 8 - 1] {
            var changed = signature
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            XCTAssertFalse(verify(input, changed), "\(vector.name), bit \(bit)")
        }
        XCTAssertTrue(verify(input, signature), "\(vector.name), again")
    }

    private func signature(_ vector: TokenFixtures.Vector) throws -> [UInt8] {
        try XCTUnwrap(Base64URL.decode(vector.parts[2].utf8.span))
    }

    private func rsaMaterial() throws -> KeyMaterial {
        let vector = try XCTUnwrap(TokenFixtures.rfcVectors().first { $0.name == "RFC 7515 A.2" })
        return try TokenFixtures.material(XCTUnwrap(vector.jwk))
    }

    private func refusal(_ material: KeyMaterial) -> KeyError? {
        do throws(KeyError) {
            _ = try PublicKey(material)
            return nil
        } catch {
            return error
        }
    }
}
