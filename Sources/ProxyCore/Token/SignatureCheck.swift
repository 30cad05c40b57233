/// The signature layer alone (RFC 7515 section 5.2): what the command `verify` offers. The payload may be anything, and
/// nothing is said about what it claims.
package enum SignatureCheck {
    /// The key of `keys` that signed `compact`, under the rules that tokens are held to; with `algorithm`, only under
    /// that one.
    package static func verify(
        compact: Span<UInt8>, keys: KeySet, algorithm: SignatureAlgorithm? = nil, maxBytes: Int = 1 << 20
    ) throws(TokenError) -> JSONWebKey {
        let token = try CompactToken(parsing: compact, maxBytes: maxBytes)
        let allowed = algorithm.map { SignatureAlgorithmSet([$0]) } ?? .all
        guard allowed.mayAllow(token.algorithm) else { throw .algorithmNotAllowed }
        switch PreparedKeys(keys).verify(token, of: compact, allowing: allowed) {
        case .verified(let key, _): return key
        case .refused(let error): throw error
        case .unknownKey: throw .noMatchingKey
        }
    }
}
