/// Judges tokens: the settings of every issuer, and the keys that each of them publishes now.
///
/// Belongs to one worker and is used on its thread; new keys are installed from the worker's mailbox.
package final class TokenVerifier {
    package enum Outcome {
        case verified(VerifiedToken)
        /// The issuer is that of the token, once it is known.
        case refused(TokenError, issuer: Int?)
        /// The issuer's set holds no key that the token can mean, and nothing else speaks against the token: a newer
        /// set may hold the key.
        case keyNeeded(issuer: Int)
        /// There is no key set of the issuer, and nothing but that speaks against the token.
        case keysUnavailable(issuer: Int)
    }

    package let issuers: [TokenIssuer]
    private let maxTokenBytes: Int
    private var keys: [PreparedKeys?]

    package init(issuers: [TokenIssuer], maxTokenBytes: Int) {
        self.issuers = issuers
        self.maxTokenBytes = maxTokenBytes
        keys = issuers.map { _ in nil }
    }

    /// Judges `token`. The issuer is looked up before any key, and everything that costs little is looked at before
    /// the signature: what is refused anyway buys neither a signature check nor a key fetch.
    ///
    /// - Parameter certificate: what the caller has shown of itself; nil for nothing.
    package func verify(
        _ token: Span<UInt8>, certificate: CertificateThumbprint? = nil, now: UnixTime
    ) -> Outcome {
        var issuer: Int?
        do throws(TokenError) {
            let compact = try CompactToken(parsing: token, maxBytes: maxTokenBytes)
            let claims = try TokenClaims(compact.payload)
            let index = try claims.issuer(among: issuers)
            issuer = index
            let settings = issuers[index]
            guard settings.algorithms.mayAllow(compact.algorithm) else { throw .algorithmNotAllowed }
            guard settings.accepts(type: compact.type) else { throw .wrongType }
            let validity = try claims.validity(for: settings, at: now)
            try claims.checkAudience(settings.audiences)
            let checked = try CheckedClaims(claims, of: settings)
            if let error = CertificateBinding.error(boundTo: checked.certificate, callers: certificate) { throw error }
            guard let prepared = keys[index] else { return .keysUnavailable(issuer: index) }
            switch prepared.verify(compact, of: token, allowing: settings.algorithms) {
            case .verified(let key, let use):
                return .verified(
                    VerifiedToken(issuer: index, key: key.identity, use: use, validity: validity, claims: checked))
            case .refused(let error): throw error
            case .unknownKey: return .keyNeeded(issuer: index)
            }
        } catch {
            return .refused(error, issuer: issuer)
        }
    }

    /// Replaces the keys of an issuer; nil takes them all away. True when a key has left: tokens that it signed and
    /// that are remembered somewhere are to be dropped (see `holdsKey(of:)`).
    package func install(_ set: KeySet?, issuer: Int) -> Bool {
        let previous = keys[issuer]
        keys[issuer] = set.map { PreparedKeys($0, after: previous) }
        guard let previous else { return false }
        return previous.set.keys.contains { key in !(set?.holds(key.identity) ?? false) }
    }

    /// True while the key that signed `token` is published by its issuer.
    package func holdsKey(of token: VerifiedToken) -> Bool { holds(token.key, issuer: token.issuer) }

    /// True while the issuer publishes that key.
    package func holds(_ key: KeyIdentity, issuer: Int) -> Bool { keys[issuer]?.set.holds(key) ?? false }
}
