/// A key set with what one thread needs to use it: each key is built when a token first asks for it.
final class PreparedKeys {
    enum Outcome {
        case verified(JSONWebKey, KeyUse)
        case refused(TokenError)
        /// The set holds no key that the token can mean.
        case unknownKey
    }

    let set: KeySet
    private var keys: [PublicKey?]

    /// A token without `kid` may be by any key that fits. More tries than these are work for a forger's sake.
    static let triesMax = 8

    /// Keys that were built for `previous` and are still in the set are taken over.
    init(_ set: KeySet, after previous: PreparedKeys? = nil) {
        self.set = set
        var built: [KeyIdentity: PublicKey] = [:]
        if let previous {
            for (key, publicKey) in zip(previous.set.keys, previous.keys) { built[key.identity] = publicKey }
        }
        keys = set.keys.map { built[$0.identity] }
    }

    /// Finds the key that made the signature of `token`, which `compact` was parsed from, with one of `algorithms`.
    func verify(_ compact: CompactToken, of token: Span<UInt8>, allowing algorithms: SignatureAlgorithmSet) -> Outcome {
        switch set.keys(for: compact.algorithm, keyID: compact.keyID) {
        case .unknown: return .unknownKey
        case .unfitting: return .refused(.noMatchingKey)
        case .fitting(let positions): return verify(compact, of: token, algorithms, positions)
        }
    }

    private func verify(
        _ compact: CompactToken, of token: Span<UInt8>, _ algorithms: SignatureAlgorithmSet, _ positions: [Int]
    ) -> Outcome {
        var tries = 0
        for position in positions {
            guard let algorithm = set.keys[position].resolve(compact.algorithm) else { continue }
            guard algorithms.allows(resolved: algorithm) else { continue }
            guard tries < Self.triesMax, let key = key(at: position) else { break }
            tries += 1
            let signingInput = token.slice(compact.signingInput)
            if key.verify(algorithm, signingInput: signingInput, signature: compact.signature.span) {
                return .verified(set.keys[position], set.uses[position])
            }
        }
        return .refused(tries == 0 ? .algorithmNotAllowed : .badSignature)
    }

    private func key(at position: Int) -> PublicKey? {
        if let key = keys[position] { return key }
        do throws(KeyError) {
            let key = try PublicKey(set.keys[position].material)
            keys[position] = key
            return key
        } catch {
            preconditionFailure("a set holds only keys that have been built once")
        }
    }
}
