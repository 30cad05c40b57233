/// A key that signs tokens, and how others know it. One thread.
package final class SigningKey {
    package let algorithm: SignatureAlgorithm
    /// The key's thumbprint (RFC 7638): the same for the same key, whoever computes it.
    package let keyID: String
    private let key: PrivateKey

    /// `key` fits `algorithm`.
    package init(_ key: PrivateKey, _ algorithm: SignatureAlgorithm) {
        precondition(key.material.resolve(algorithm) != nil)
        self.key = key
        self.algorithm = algorithm
        keyID = Self.thumbprint(of: key.material)
    }

    package func sign(_ input: Span<UInt8>) -> [UInt8] { key.sign(algorithm, input) }

    /// Writes the public JWK (RFC 7517 section 4).
    func write(to json: inout JSONWriter) {
        json.beginObject()
        for member in key.material.members {
            json.key(member.name)
            json.string(member.value)
        }
        json.key("use")
        json.string("sig")
        json.key("alg")
        json.string(algorithm.name)
        json.key("kid")
        json.string(keyID)
        json.endObject()
    }

    /// RFC 7638 section 3: SHA-256 over the required members in the order of their names, without white space.
    package static func thumbprint(of material: KeyMaterial) -> String {
        var json = JSONWriter()
        json.beginObject()
        for member in material.members.sorted(by: { $0.name.description < $1.name.description }) {
            json.key(member.name)
            json.string(member.value)
        }
        json.endObject()
        let digest = Digest.sha256(json.bytes.span)
        return Base64URL.encode(digest.span).span.text
    }
}
