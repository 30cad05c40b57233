import ProxyCore

/// What a token costs that has not been seen before: taking it apart, reading its claims, and all of it with the
/// signature.
enum TokenBenchmarks {
    static func run(_ stopwatch: inout Stopwatch) throws {
        let token = SampleToken(.p256).bytes(number: 0)
        let payload = try CompactToken(parsing: token.span, maxBytes: Limits().tokenBytes).payload
        let encoded = Base64URL.encode(payload.span)
        try stopwatch.time("base64url, \(payload.count) bytes decoded") { _ in
            Base64URL.decode(encoded.span)?.count ?? 0
        }
        try stopwatch.time("token taken apart, its header read") { _ in
            try CompactToken(parsing: token.span, maxBytes: Limits().tokenBytes).payload.count
        }
        try stopwatch.time("claims as JSON") { _ in
            try JSONDocument(parsing: payload).bytes.count
        }
        for kind in PrivateKey.Kind.allCases { try timeWhole(kind, &stopwatch) }
    }

    private static func timeWhole(_ kind: PrivateKey.Kind, _ stopwatch: inout Stopwatch) throws {
        let sample = SampleToken(kind)
        let token = sample.bytes(number: 0)
        let verifier = TokenVerifier(issuers: SampleToken.settings, maxTokenBytes: Limits().tokenBytes)
        _ = verifier.install(try sample.keySet, issuer: 0)
        let name = "token judged whole, \(sample.algorithm.name)"
        try stopwatch.time(name, peer: peer(of: kind)) { _ in
            guard case .verified(let verified) = verifier.verify(token.span, now: SampleToken.now) else {
                throw MicroError.wrongResult(of: name)
            }
            return verified.scopes.count
        }
    }

    private static func peer(of kind: PrivateKey.Kind) -> String {
        switch kind {
        case .rsa2048: "rsa2048"
        case .p256: "ecdsap256"
        case .ed25519: "ed25519"
        }
    }
}
