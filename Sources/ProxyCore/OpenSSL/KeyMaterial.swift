/// The curves of ECDSA keys in JWKs (RFC 7518 section 6.2.1.1).
package enum EllipticCurve: UInt8, CaseIterable, Sendable {
    case p256
    case p384
    case p521

    package var name: StaticString {
        switch self {
        case .p256: "P-256"
        case .p384: "P-384"
        case .p521: "P-521"
        }
    }

    /// The length of a coordinate, and of each half of a signature: whole bytes of the field.
    package var coordinateBytes: Int {
        switch self {
        case .p256: 32
        case .p384: 48
        case .p521: 66
        }
    }
}

/// The curves of EdDSA keys in JWKs (RFC 8037 section 3.1).
package enum EdwardsCurve: UInt8, CaseIterable, Sendable {
    case ed25519
    case ed448

    package var name: StaticString {
        switch self {
        case .ed25519: "Ed25519"
        case .ed448: "Ed448"
        }
    }

    package var keyBytes: Int {
        switch self {
        case .ed25519: 32
        case .ed448: 57
        }
    }

    package var signatureBytes: Int { keyBytes * 2 }

    /// The fully specified algorithm of the curve (RFC 9864 section 2.2).
    package var algorithm: SignatureAlgorithm {
        switch self {
        case .ed25519: .ed25519
        case .ed448: .ed448
        }
    }
}

/// The public numbers of a key, as a JWK carries them (RFC 7518 section 6, RFC 8037 section 2). Not checked yet:
/// `PublicKey` does that. Integers are big-endian.
package enum KeyMaterial: Sendable, Hashable {
    case rsa(modulus: [UInt8], exponent: [UInt8])
    case elliptic(EllipticCurve, x: [UInt8], y: [UInt8])
    case edwards(EdwardsCurve, x: [UInt8])

    /// The algorithm that `algorithm` means with this key, `EdDSA` made specific by the key's curve; nil when the
    /// algorithm and the key do not fit.
    package func resolve(_ algorithm: SignatureAlgorithm) -> SignatureAlgorithm? {
        switch (self, algorithm.scheme) {
        case (.rsa, .pkcs1), (.rsa, .pss): algorithm
        case (.elliptic(let curve, _, _), .ecdsa(let wanted, _)): curve == wanted ? algorithm : nil
        case (.edwards(let curve, _), .edwards(let wanted)):
            wanted == nil || wanted == curve ? curve.algorithm : nil
        case (.rsa, _), (.elliptic, _), (.edwards, _): nil
        }
    }

    /// The members of the public JWK that this is, `kty` first. Their values need no escaping in JSON.
    package var members: [(name: StaticString, value: String)] {
        switch self {
        case .rsa(let modulus, let exponent):
            [("kty", "RSA"), ("n", base64URL(modulus)), ("e", base64URL(exponent))]
        case .elliptic(let curve, let x, let y):
            [("kty", "EC"), ("crv", curve.name.description), ("x", base64URL(x)), ("y", base64URL(y))]
        case .edwards(let curve, let x):
            [("kty", "OKP"), ("crv", curve.name.description), ("x", base64URL(x))]
        }
    }

    private func base64URL(_ bytes: [UInt8]) -> String { Base64URL.encode(bytes.span).span.text }
}
