import ProxyCore

/// One check of a signature for each algorithm, with the keys and tokens of the tests.
enum SignatureBenchmarks {
    static func run(_ stopwatch: inout Stopwatch, fixtures: String) throws {
        let root = try JSONDocument(parsing: FileReader.bytes(fixtures)).root
        guard let keys = root["jwks"]?["keys"]?.elements, let tokens = root["accepted"]?.elements,
            keys.count == tokens.count, !keys.isEmpty
        else { throw MicroError.unusableFixtures }
        // The token at each place is by the key at that place.
        for (key, token) in zip(keys, tokens) {
            guard let token = token["token"]?.stringBytes else { throw MicroError.unusableFixtures }
            try time(try JSONWebKey(key), token, &stopwatch)
        }
    }

    private static func time(_ key: JSONWebKey, _ token: [UInt8], _ stopwatch: inout Stopwatch) throws {
        let compact = try CompactToken(parsing: token.span, maxBytes: Limits().tokenBytes)
        guard let algorithm = key.resolve(compact.algorithm) else { throw MicroError.unusableFixtures }
        let publicKey = try PublicKey(key.material)
        let peer = peer(of: key.material)
        let name = "signature, \(compact.algorithm.name) by \(peer)"
        try stopwatch.time(name, peer: peer) { _ in
            let valid = publicKey.verify(
                algorithm, signingInput: token.span.slice(compact.signingInput), signature: compact.signature.span)
            guard valid else { throw MicroError.wrongResult(of: name) }
            return 1
        }
    }

    /// What `openssl speed` calls the bare operation.
    private static func peer(of material: KeyMaterial) -> String {
        switch material {
        case .rsa(let modulus, _): "rsa\(modulus.count * 8)"
        case .elliptic(.p256, _, _): "ecdsap256"
        case .elliptic(.p384, _, _): "ecdsap384"
        case .elliptic(.p521, _, _): "ecdsap521"
        case .edwards(.ed25519, _): "ed25519"
        case .edwards(.ed448, _): "ed448"
        }
    }
}
