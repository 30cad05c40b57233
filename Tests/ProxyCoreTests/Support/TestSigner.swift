import ProxyCore

/// An issuer's key pair, for tests that need tokens of their own making.
final class TestSigner {
    let key: PrivateKey
    let keyID: String?
    let algorithm: SignatureAlgorithm

    init(_ kind: PrivateKey.Kind = .p256, keyID: String? = "key-1") {
        key = PrivateKey.generate(kind)
        self.keyID = keyID
        algorithm =
            switch kind {
            case .rsa2048: .rs256
            case .p256: .es256
            case .ed25519: .edDSA
            }
    }

    /// The public JWK, with further members as `"name":value` text.
    func jwk(_ more: String = "") -> String {
        var members = key.material.members.map { "\"\($0.name)\":\"\($0.value)\"" }
        if let keyID { members.append("\"kid\":\"\(keyID)\"") }
        if !more.isEmpty { members.append(more) }
        return "{" + members.joined(separator: ",") + "}"
    }

    var keySet: KeySet {
        get throws { try Self.keySet([jwk()]) }
    }

    static func keySet(_ keys: [String]) throws -> KeySet {
        try KeySet.parse(Array("{\"keys\":[\(keys.joined(separator: ","))]}".utf8))
    }

    /// The header that a well-behaved issuer writes.
    var header: String {
        let keyID = keyID.map { ",\"kid\":\"\($0)\"" } ?? ""
        return "{\"alg\":\"\(algorithm.name)\",\"typ\":\"at+jwt\"\(keyID)}"
    }

    /// A token over exactly that text, signed whatever it says.
    func token(_ claims: String, header: String? = nil) -> [UInt8] {
        var token = Self.encode(header ?? self.header) + [ASCII.dot] + Self.encode(claims)
        let signature = key.sign(algorithm, token.span)
        token.append(ASCII.dot)
        token += Base64URL.encode(signature.span)
        return token
    }

    static func encode(_ text: String) -> [UInt8] { Base64URL.encode(text.utf8.span) }
}
