import ProxyCore

/// An issuer, its key, and tokens of it that differ in `jti` only.
struct SampleToken {
    static let issuer = "https://auth.example.com/"
    static let audience = "https://api.example.com"
    /// When all of them are valid.
    static let now = UnixTime(1_800_000_000)

    let algorithm: SignatureAlgorithm
    private let key: PrivateKey

    init(_ kind: PrivateKey.Kind) {
        key = PrivateKey.generate(kind)
        algorithm =
            switch kind {
            case .rsa2048: .rs256
            case .p256: .es256
            case .ed25519: .edDSA
            }
    }

    var keySet: KeySet {
        get throws {
            let members = key.material.members.map { "\"\($0.name)\":\"\($0.value)\"" }.joined(separator: ",")
            return try KeySet.parse(Array("{\"keys\":[{\(members),\"kid\":\"2026-01\"}]}".utf8))
        }
    }

    /// A verifier's settings for these tokens.
    static var settings: [TokenIssuer] { [TokenIssuer(issuer: issuer, audiences: [audience])] }

    func bytes(number: Int) -> [UInt8] {
        let header = "{\"alg\":\"\(algorithm.name)\",\"kid\":\"2026-01\",\"typ\":\"at+jwt\"}"
        let claims = """
            {"iss":"\(Self.issuer)","aud":["\(Self.audience)"],"sub":"sync-daemon","client_id":"sync-daemon",\
            "iat":1799999900,"exp":1800003500,"jti":"6d1a7f6e-52f5-4c0b-9d0a-\(100_000_000_000 + number)",\
            "scope":"profile:read profile:create"}
            """
        let encodedHeader = Base64URL.encode(header.utf8.span)
        let signingInput = encodedHeader + [ASCII.dot] + Base64URL.encode(claims.utf8.span)
        let signature = key.sign(algorithm, signingInput.span)
        return signingInput + [ASCII.dot] + Base64URL.encode(signature.span)
    }
}
