import Foundation
import ProxyCore
import XCTest

/// What scripts/make-token-fixtures has written: keys and tokens of another implementation.
struct TokenFixtures {
    struct Vector {
        let name: String
        let algorithm: String
        let jwk: JSONValue?
        let token: String
        let accepted: Bool

        /// The parts of the token, as text.
        var parts: [String] { token.split(separator: ".", omittingEmptySubsequences: false).map(String.init) }
        var signingInput: [UInt8] { Array((parts[0] + "." + parts[1]).utf8) }
    }

    /// The examples of RFC 7515, RFC 7520 and RFC 8037.
    static func rfcVectors() throws -> [Vector] {
        let root = try document("rfc-vectors.json").root
        return try XCTUnwrap(root["vectors"]).elements.map { try vector($0) }
    }

    /// A key set with one key for each algorithm, and the bytes that hold it.
    static func keySet() throws -> (text: [UInt8], keys: [JSONValue]) {
        let document = try document("algorithms.json")
        let set = try XCTUnwrap(document.root["jwks"])
        return (Array(document.bytes[set.range.range]), try XCTUnwrap(set["keys"]).elements)
    }

    /// A token by each key of the set, in the same order.
    static func accepted() throws -> [Vector] { try tokens("accepted") }

    /// Tokens whose HMAC secret is the first key's public half, in one form or another.
    static func confused() throws -> [Vector] { try tokens("confused") }

    /// An RSA key of 1024 bits, and a token by it.
    static func weak() throws -> (jwk: JSONValue, token: String) {
        let weak = try XCTUnwrap(document("algorithms.json").root["weak"])
        return (try XCTUnwrap(weak["jwk"]), try XCTUnwrap(weak["token"]?.string))
    }

    /// The public numbers in a JWK.
    static func material(_ jwk: JSONValue) throws -> KeyMaterial {
        func number(_ name: String) throws -> [UInt8] {
            let text = try XCTUnwrap(jwk[name]?.stringBytes)
            return try XCTUnwrap(Base64URL.decode(text.span))
        }
        let curve = jwk["crv"]?.string
        switch jwk["kty"]?.string {
        case "RSA": return .rsa(modulus: try number("n"), exponent: try number("e"))
        case "EC":
            let curve = try XCTUnwrap(EllipticCurve.allCases.first { $0.name.description == curve })
            return .elliptic(curve, x: try number("x"), y: try number("y"))
        default:
            let curve = try XCTUnwrap(EdwardsCurve.allCases.first { $0.name.description == curve })
            return .edwards(curve, x: try number("x"))
        }
    }

    private static func tokens(_ member: String) throws -> [Vector] {
        let root = try document("algorithms.json").root
        return try XCTUnwrap(root[member]).elements.map { try vector($0) }
    }

    private static func vector(_ value: JSONValue) throws -> Vector {
        Vector(
            name: try XCTUnwrap(value["name"]?.string), algorithm: value["alg"]?.string ?? "",
            jwk: value["jwk"], token: try XCTUnwrap(value["token"]?.string), accepted: value["accepted"]?.bool ?? false)
    }

    private static func document(_ name: String) throws -> JSONDocument {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let file = folder.appendingPathComponent("Fixtures/\(name)")
        return try JSONDocument(parsing: [UInt8](Data(contentsOf: file)))
    }
}
