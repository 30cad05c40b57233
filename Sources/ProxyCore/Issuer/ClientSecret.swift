/// A client's secret as it is kept: salted and hashed, so that whoever reads it cannot use it.
///
/// One round of SHA-256 is enough, and right for a server that checks one with each request, because secrets are made
/// here, of 256 random bits: there is nothing to guess that a slow hash would have to protect.
package struct ClientSecret: Sendable {
    private let salt: [UInt8]
    private let digest: [UInt8]

    package init(hashing secret: String) {
        salt = SecureRandom.bytes(16)
        digest = Self.digest(salt, secret)
    }

    /// A new secret, to be shown to its client once: 43 characters that need no encoding anywhere.
    package static func generate() -> String {
        let random = SecureRandom.bytes(32)
        return Base64URL.encode(random.span).span.text
    }

    /// True when `secret` is the one that was hashed. Takes the same time whichever bytes differ.
    package func matches(_ secret: String) -> Bool {
        let candidate = Self.digest(salt, secret)
        return constantTimeEquals(candidate.span, digest.span)
    }

    private static func digest(_ salt: [UInt8], _ secret: String) -> [UInt8] {
        let salted = salt + Array(secret.utf8)
        return Digest.sha256(salted.span)
    }
}
