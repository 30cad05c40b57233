import ProxyCore
import XCTest

final class PrivateKeyTests: XCTestCase {
    func testSignaturesVerifyWithThePublicHalf() throws {
        let rows: [(PrivateKey.Kind, [SignatureAlgorithm])] = [
            (.rsa2048, [.rs256, .rs384, .rs512, .ps256, .ps384, .ps512]), (.p256, [.es256]),
            (.ed25519, [.edDSA, .ed25519]),
        ]
        let input = Array("header.payload".utf8)
        for (kind, algorithms) in rows {
            let key = PrivateKey.generate(kind)
            let verifier = try PublicKey(key.material)
            let other = try PublicKey(PrivateKey.generate(kind).material)
            for algorithm in algorithms {
                // Often enough to meet an r or s with leading zero bytes, or almost.
                for _ in 0..<(kind == .p256 ? 300 : 2) {
                    let signature = key.sign(algorithm, input.span)
                    XCTAssertTrue(verifier.verify(algorithm, signingInput: input.span, signature: signature.span))
                }
                let signature = key.sign(algorithm, input.span)
                XCTAssertFalse(other.verify(algorithm, signingInput: input.span, signature: signature.span))
            }
        }
    }

    func testMembersOfThePublicJWK() throws {
        let names: [PrivateKey.Kind: [String]] = [
            .rsa2048: ["kty", "n", "e"], .p256: ["kty", "crv", "x", "y"], .ed25519: ["kty", "crv", "x"],
        ]
        for kind in PrivateKey.Kind.allCases {
            let key = PrivateKey.generate(kind)
            XCTAssertEqual(key.material.members.map(\.name.description), names[kind])
            var writer = JSONWriter()
            writer.beginObject()
            for (name, value) in key.material.members {
                writer.key(name)
                writer.string(value)
            }
            writer.endObject()
            XCTAssertEqual(try TokenFixtures.material(JSONDocument(parsing: writer.bytes).root), key.material)
        }
        XCTAssertNotEqual(PrivateKey.generate(.p256).material, PrivateKey.generate(.p256).material)
    }

    func testTheTextFormIsTheSameKey() throws {
        for kind in PrivateKey.Kind.allCases {
            let key = PrivateKey.generate(kind)
            let pem = key.pem
            let text = pem.span.text
            XCTAssertTrue(text.hasPrefix("-----BEGIN PRIVATE KEY-----\n"))
            let read = try XCTUnwrap(PrivateKey(pem: pem.span))
            XCTAssertEqual(read.material, key.material)
            let again = read.pem
            XCTAssertEqual(again.span.text, text)
        }
    }

    func testWhatIsNoPrivateKeyIsNone() {
        let secret = PrivateKey.generate(.p256).pem
        let pem = secret.span.copied()
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIA=\n-----END ENCRYPTED PRIVATE KEY-----\n"
        for text in [[], Array("nonsense".utf8), Array(pem.prefix(pem.count / 2)), Array(encrypted.utf8), [0, 0, 0]] {
            XCTAssertNil(PrivateKey(pem: text.span))
        }
    }
}
