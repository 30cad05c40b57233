/// A key that signs tokens, and how others know it. One thread.
package final class SigningKey {
    package let algorithm: SignatureAlgorithm
    /// The key's thumbprint (RFC 7638): the same for the same key, whoever computes it.
    package let keyID: String
    /// From then on it signs.
    package let activates: UnixTime
    let key: PrivateKey
    /// The header of its tokens (RFC 9068 section 2.1), encoded, with the dot behind it.
    let encodedHeader: [UInt8]
    private var verifying: PublicKey?

    /// `key` fits `algorithm`.
    package init(_ key: PrivateKey, _ algorithm: SignatureAlgorithm, activates: UnixTime = UnixTime(0)) {
        precondition(key.material.resolve(algorithm) != nil)
        self.key = key
        self.algorithm = algorithm
        self.activates = activates
        keyID = Self.thumbprint(of: key.material)
        var header = JSONWriter()
        header.beginObject()
        header.key("alg")
        header.string(algorithm.name)
        header.key("typ")
        header.string("at+jwt")
        header.key("kid")
        header.string(keyID)
        header.endObject()
        encodedHeader = Base64URL.encode(header.bytes.span) + [ASCII.dot]
    }

    package func sign(_ input: Span<UInt8>) -> [UInt8] { key.sign(algorithm, input) }

    /// True when `signature` is one of this key.
    func verify(_ signingInput: Span<UInt8>, _ signature: Span<UInt8>) -> Bool {
        if verifying == nil { verifying = try? PublicKey(key.material) }
        return verifying?.verify(algorithm, signingInput: signingInput, signature: signature) ?? false
    }

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
