/// A JWS signature algorithm that can be verified here, by its registered name (RFC 7518 section 3.1, RFC 8037
/// section 3.1, RFC 9864 section 2.2). All are asymmetric: `none` and HS* have no case, so nothing can allow them.
package enum SignatureAlgorithm: UInt8, CaseIterable, Sendable {
    case rs256
    case rs384
    case rs512
    case ps256
    case ps384
    case ps512
    case es256
    case es384
    case es512
    /// Ed25519 or Ed448, as the key says.
    case edDSA
    case ed25519
    case ed448

    /// The algorithm of that name, compared byte by byte: names are case-sensitive (RFC 7515 section 4.1.1).
    package init?(name: Span<UInt8>) {
        guard let algorithm = Self.allCases.first(where: { name.equals($0.name) }) else { return nil }
        self = algorithm
    }

    package var name: StaticString {
        switch self {
        case .rs256: "RS256"
        case .rs384: "RS384"
        case .rs512: "RS512"
        case .ps256: "PS256"
        case .ps384: "PS384"
        case .ps512: "PS512"
        case .es256: "ES256"
        case .es384: "ES384"
        case .es512: "ES512"
        case .edDSA: "EdDSA"
        case .ed25519: "Ed25519"
        case .ed448: "Ed448"
        }
    }

    /// What it takes to verify one.
    enum Scheme {
        case pkcs1(DigestAlgorithm)
        case pss(DigestAlgorithm)
        case ecdsa(EllipticCurve, DigestAlgorithm)
        /// The curve, or nil when the key decides.
        case edwards(EdwardsCurve?)
    }

    var scheme: Scheme {
        switch self {
        case .rs256: .pkcs1(.sha256)
        case .rs384: .pkcs1(.sha384)
        case .rs512: .pkcs1(.sha512)
        case .ps256: .pss(.sha256)
        case .ps384: .pss(.sha384)
        case .ps512: .pss(.sha512)
        case .es256: .ecdsa(.p256, .sha256)
        case .es384: .ecdsa(.p384, .sha384)
        case .es512: .ecdsa(.p521, .sha512)
        case .edDSA: .edwards(nil)
        case .ed25519: .edwards(.ed25519)
        case .ed448: .edwards(.ed448)
        }
    }
}

/// A set of signature algorithms: what an issuer may sign with.
package struct SignatureAlgorithmSet: Sendable, Equatable {
    private var bits: UInt16 = 0

    package init(_ algorithms: some Sequence<SignatureAlgorithm>) {
        for algorithm in algorithms { bits |= 1 << algorithm.rawValue }
    }

    package static let all = SignatureAlgorithmSet(SignatureAlgorithm.allCases)

    package var isEmpty: Bool { bits == 0 }

    /// In the order of the declaration.
    package var members: [SignatureAlgorithm] { SignatureAlgorithm.allCases.filter(contains) }

    /// Membership by name alone.
    package func contains(_ algorithm: SignatureAlgorithm) -> Bool { bits & 1 << algorithm.rawValue != 0 }

    /// True when a token that names `algorithm` can be allowed by some key. `EdDSA` and the names of RFC 9864 mean the
    /// same signatures, so each opens the door to the other; `allows(resolved:)` has the last word, with the key.
    package func mayAllow(_ algorithm: SignatureAlgorithm) -> Bool {
        switch algorithm {
        case .edDSA: contains(.edDSA) || contains(.ed25519) || contains(.ed448)
        case .ed25519, .ed448: contains(algorithm) || contains(.edDSA)
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512, .es256, .es384, .es512: contains(algorithm)
        }
    }

    /// True when the set allows the fully specified algorithm (see `KeyMaterial.resolve`).
    package func allows(resolved algorithm: SignatureAlgorithm) -> Bool {
        precondition(algorithm != .edDSA, "a resolved algorithm names its curve")
        return mayAllow(algorithm)
    }
}
