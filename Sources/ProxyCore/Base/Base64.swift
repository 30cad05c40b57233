/// The base64 encoding of RFC 4648 section 4, with padding.
package enum Base64 {
    /// The encoding of `bytes`.
    package static func encode(_ bytes: Span<UInt8>) -> [UInt8] {
        let encoded = Base64URL.encode(bytes).map { byte -> UInt8 in
            switch byte {
            case ASCII.hyphen: ASCII.plus
            case ASCII.underscore: ASCII.slash
            case _: byte
            }
        }
        return encoded + [UInt8](repeating: ASCII.equals, count: (4 - encoded.count % 4) % 4)
    }
}
