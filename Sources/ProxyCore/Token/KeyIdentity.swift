/// What tells one key of an issuer from another: all of what makes it select and verify tokens (`kid`, `alg` and the
/// numbers), condensed with SHA-256. The same `kid` over other numbers is another key.
package struct KeyIdentity: Sendable, Hashable {
    private let digest: SIMD4<UInt64>

    init(keyID: [UInt8]?, algorithm: SignatureAlgorithm?, material: KeyMaterial) {
        // Every part is encoded as text without a line feed, so that the parts cannot run into each other.
        var bytes: [UInt8] = []
        bytes.append(keyID == nil ? 0x30 : 0x31)
        let text = keyID ?? []
        bytes += Base64URL.encode(text.span)
        bytes.append(ASCII.lineFeed)
        bytes += (algorithm?.name.description ?? "").utf8
        for (name, value) in material.members {
            bytes.append(ASCII.lineFeed)
            bytes += name.description.utf8
            bytes.append(ASCII.equals)
            bytes += value.utf8
        }
        let hash = Digest.sha256(bytes.span)
        var digest = SIMD4<UInt64>()
        for index in hash.indices { digest[index / 8] = digest[index / 8] << 8 | UInt64(hash[index]) }
        self.digest = digest
    }
}
