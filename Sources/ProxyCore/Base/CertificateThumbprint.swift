/// The SHA-256 digest of a certificate's DER form: `x5t#S256` (RFC 7515 section 4.1.8), by which a token names the
/// certificate that it is bound to (RFC 8705 section 3.1).
package struct CertificateThumbprint: Equatable, Sendable {
    private let first: UInt64
    private let second: UInt64
    private let third: UInt64
    private let fourth: UInt64

    package static let byteCount = 32

    /// From the digest; nil unless there are 32 bytes.
    package init?(digest bytes: Span<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        first = Self.word(bytes, 0)
        second = Self.word(bytes, 8)
        third = Self.word(bytes, 16)
        fourth = Self.word(bytes, 24)
    }

    /// From the text in a token. Strict, so that no two texts name the same certificate; nil when it is no digest.
    package init?(base64URL text: Span<UInt8>) {
        guard text.count == (Self.byteCount * 4 + 2) / 3, let bytes = Base64URL.decode(text) else { return nil }
        self.init(digest: bytes.span)
    }

    /// As it stands in a token.
    package var base64URL: String {
        var bytes: [UInt8] = []
        for word in [first, second, third, fourth] {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return Base64URL.encode(bytes.span).span.text
    }

    private static func word(_ bytes: Span<UInt8>, _ start: Int) -> UInt64 {
        var word: UInt64 = 0
        for index in start..<start + 8 { word = word << 8 | UInt64(bytes[index]) }
        return word
    }
}
