import Foundation
import ProxyCore

/// Key sets: every key of the document is either skipped with a reason, or sound and meant for verifying signatures.
final class KeySetTarget: FuzzTarget {
    private let signer = TestSigner(.ed25519)
    private let issuer = TokenIssuer(issuer: ClaimsText.issuer, audiences: [ClaimsText.audience])

    func run(_ input: Span<UInt8>) {
        let bytes = input.copied()
        let set: KeySet
        do throws(KeySetError) { set = try KeySet.parse(bytes) } catch { return }
        guard let root = (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any],
            let members = root["keys"] as? [Any]
        else { fatalError("broken: a key set that is no object with an array to Foundation") }
        require(set.keys.count + set.skipped.count == members.count, "every key is used or skipped")
        let skipped = Set(set.skipped.map(\.position))
        let used = members.indices.filter { !skipped.contains($0) }
        for (key, position) in zip(set.keys, used) {
            guard let member = members[position] as? [String: Any] else { fatalError("broken: a key of no object") }
            check(key, member)
            require(set.holds(key.identity), "a set knows its keys")
        }
        require(Set(set.keys.map(\.identity)).count == set.keys.count, "no key twice")
        checkVerifying(set)
    }

    private func check(_ key: JSONWebKey, _ member: [String: Any]) {
        require(member["use"] == nil || member["use"] as? String == "sig", "use is sig")
        let operations = member["key_ops"] as? [Any]
        require(member["key_ops"] == nil || (operations ?? []).contains { $0 as? String == "verify" }, "key_ops")
        require(key.keyID == (member["kid"] as? String).map { Array($0.utf8) }, "the kid is the document's")
        let type = member["kty"] as? String
        switch key.material {
        case .rsa(let modulus, _):
            require(type == "RSA" && modulus.drop { $0 == 0 }.count >= 256, "RSA keys have 2048 bits at least")
        case .elliptic: require(type == "EC", "EC")
        case .edwards: require(type == "OKP", "OKP")
        }
        let named = member["alg"] as? String
        require((named == nil) == (key.algorithm == nil), "alg binds the key")
        let usable = SignatureAlgorithm.allCases.filter { key.resolve($0) != nil }
        require(!usable.isEmpty, "a key is good for something")
        if let algorithm = key.algorithm {
            require(usable.allSatisfy { key.resolve($0) == algorithm }, "a bound key serves its algorithm only")
        }
    }

    /// Nobody's key verifies a token that another key has signed, whatever its set looks like.
    private func checkVerifying(_ set: KeySet) {
        let verifier = TokenVerifier(issuers: [issuer], maxTokenBytes: 16_384)
        _ = verifier.install(set, issuer: 0)
        for keyID in [set.keys.first?.keyID.flatMap { Self.plain($0) }, nil] {
            let member = keyID.map { ",\"kid\":\"\($0)\"" } ?? ""
            let token = signer.token(ClaimsText().text, header: "{\"alg\":\"EdDSA\"\(member)}")
            if case .verified = verifier.verify(token.span, now: UnixTime(ClaimsText.now)) {
                fatalError("broken: a token is verified with a key that did not sign it")
            }
        }
        require(verifier.install(nil, issuer: 0) == !set.keys.isEmpty, "keys that leave are reported")
    }

    /// The text, when it needs no escapes.
    private static func plain(_ keyID: [UInt8]) -> String? {
        keyID.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != ASCII.quote && $0 != ASCII.backslash }
            ? String(decoding: keyID, as: UTF8.self) : nil
    }
}
