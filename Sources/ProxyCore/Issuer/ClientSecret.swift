/// A client's secret as it is kept: salted and hashed, so that whoever reads it cannot use it.
///
/// One round of SHA-256 is enough, and right for a server that checks one with each request, because secrets are made
/// here, of 256 random bits: there is nothing to guess that a slow hash would have to protect.
package struct ClientSecret: Sendable, Equatable {
    private let salt: [UInt8]
    private let digest: [UInt8]
    /// When it was made.
    package var created: UnixTime
    /// From then on it is worth nothing; nil for one that stays.
    package var expires: UnixTime?

    package init(hashing secret: String, created: UnixTime = UnixTime(0)) {
        salt = SecureRandom.bytes(16)
        digest = Self.digest(salt, secret)
        self.created = created
    }

    /// The secret that `hash` was written from, or nil when that is not of its form.
    package init?(hash: String, created: UnixTime, expires: UnixTime?) {
        let parts = hash.split(separator: ":", omittingEmptySubsequences: false).map { Array($0.utf8) }
        guard parts.count == 3, parts[0] == Array("sha256".utf8), let salt = Self.decode(parts[1]),
            let digest = Self.decode(parts[2]), salt.count == 16, digest.count == 32
        else { return nil }
        self.salt = salt
        self.digest = digest
        self.created = created
        self.expires = expires
    }

    /// A new secret, to be shown to its client once: 43 characters that need no encoding anywhere.
    package static func generate() -> String {
        let random = SecureRandom.bytes(32)
        return Base64URL.encode(random.span).span.text
    }

    /// The form in which it is kept: `sha256:`, the salt, a colon, and the digest of salt and secret, in base64url.
    package var hash: String {
        "sha256:\(Base64URL.encode(salt.span).span.text):\(Base64URL.encode(digest.span).span.text)"
    }

    /// True when `secret` is the one that was hashed. Takes the same time whichever bytes differ.
    package func matches(_ secret: String) -> Bool {
        let candidate = Self.digest(salt, secret)
        return constantTimeEquals(candidate.span, digest.span)
    }

    package func isLive(at now: UnixTime) -> Bool { expires.map { now < $0 } ?? true }

    private static func decode(_ text: [UInt8]) -> [UInt8]? { Base64URL.decode(text.span) }

    private static func digest(_ salt: [UInt8], _ secret: String) -> [UInt8] {
        let salted = salt + Array(secret.utf8)
        return Digest.sha256(salted.span)
    }
}
