#if FAULT_INJECTION
    import ProxyCore

    /// What a caller shows for itself.
    enum SimulatedCredentials: String, CaseIterable {
        case none
        /// The scope `a`, by the first key.
        case reader
        /// The scopes `a` and `b`, by the first key.
        case writer
        /// The scope `a`, by the second key, which the issuer publishes some time.
        case rotated
        /// The scope `a`, by the first key, for the first minute.
        case brief
        /// By a key that is never published.
        case unknownKey
        case expired
        /// A stranger's signature under the first key's name.
        case forged
        case garbage
        case twice
    }

    /// Tokens and key sets, signed once for all runs.
    final class SimulatedTokens {
        static let wallStart: Int64 = 1_800_000_000
        static let briefSeconds: Int64 = 60

        /// What the issuer may publish: by names of keys.
        let keySets: [[String]: KeySet]
        private let lines: [SimulatedCredentials: String]

        init() throws {
            let signers = ["k1", "k2", "k3"].map { TestSigner(.p256, keyID: $0) }
            var sets: [[String]: KeySet] = [:]
            for names in [["k1"], ["k1", "k2"], ["k2"]] {
                sets[names] = try TestSigner.keySet(signers.filter { names.contains($0.keyID ?? "") }.map { $0.jwk() })
            }
            keySets = sets
            func claims(_ client: String, _ scope: String, until end: Int64) -> String {
                ClaimsText().with("iat", nil).with("nbf", nil).with("exp", "\(end)").with("scope", "\"\(scope)\"")
                    .with("client_id", "\"\(client)\"").with("sub", "\"\(client)-subject\"").text
            }
            func line(_ token: [UInt8]) -> String {
                "Authorization: Bearer \(String(decoding: token, as: UTF8.self))\r\n"
            }
            let later = Self.wallStart + 100_000_000
            let reader = line(signers[0].token(claims("reader", "a", until: later)))
            let stranger = TestSigner(.p256, keyID: "k1")
            lines = [
                .none: "", .reader: reader,
                .writer: line(signers[0].token(claims("writer", "a b", until: later))),
                .rotated: line(signers[1].token(claims("rotated", "a", until: later))),
                .brief: line(signers[0].token(claims("brief", "a", until: Self.wallStart + Self.briefSeconds))),
                .unknownKey: line(signers[2].token(claims("unknown", "a", until: later))),
                .expired: line(signers[0].token(claims("expired", "a", until: Self.wallStart - 1_000_000))),
                .forged: line(stranger.token(claims("forged", "a b", until: later))),
                .garbage: "Authorization: Bearer no.good.token\r\n", .twice: reader + reader,
            ]
        }

        func line(_ credentials: SimulatedCredentials) -> String { lines[credentials] ?? "" }
    }

    extension SimulatedCredentials {
        var scopes: String { self == .writer ? "a b" : "a" }

        /// The key that has to be published for it to count.
        var key: String? {
            switch self {
            case .reader, .writer, .brief, .expired, .forged: "k1"
            case .rotated: "k2"
            case .unknownKey: "k3"
            case .none, .garbage, .twice: nil
            }
        }
    }
#endif
