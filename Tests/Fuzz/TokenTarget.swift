import Foundation
import ProxyCore

/// Tokens. Input that begins with a brace is a header and, on the next line, claims, to be signed before they are
/// judged; any other input is a token itself, which counts only if it is one that a key of the fixtures has signed.
final class TokenTarget: FuzzTarget {
    private let signer = TestSigner(.ed25519)
    private let verifier: TokenVerifier
    private let keys: KeySet
    private let genuine: Set<[UInt8]>
    private static let now = UnixTime(ClaimsText.now)

    init() throws {
        let issuer = TokenIssuer(issuer: ClaimsText.issuer, audiences: [ClaimsText.audience])
        verifier = TokenVerifier(issuers: [issuer], maxTokenBytes: 16_384)
        _ = verifier.install(try signer.keySet, issuer: 0)
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = folder.appendingPathComponent("ProxyCoreTests/Token/Fixtures/algorithms.json")
        let fixtures = try JSONDocument(parsing: [UInt8](Data(contentsOf: file))).root
        guard let set = fixtures["jwks"], let accepted = fixtures["accepted"] else { fatalError("no fixtures") }
        keys = try KeySet.parse(Array([UInt8](Data(contentsOf: file))[set.range.range]))
        genuine = Set(accepted.elements.compactMap { $0["token"]?.stringBytes })
        for token in genuine { require(Self.isSigned(token, by: keys), "the fixtures are good") }
    }

    func run(_ input: Span<UInt8>) {
        let bytes = input.copied()
        checkEncoding(bytes)
        guard bytes.first == 0x7B else { return judge(bytes) }
        let parts = bytes.split(separator: ASCII.lineFeed, maxSplits: 1, omittingEmptySubsequences: false)
        judge(header: Array(parts[0]), claims: parts.count > 1 ? Array(parts[1]) : [])
    }

    // MARK: - Tokens of strangers

    private func judge(_ token: [UInt8]) {
        if Self.isSigned(token, by: keys) { require(genuine.contains(token), "a token that nobody signed is verified") }
        if case .verified = verifier.verify(token.span, now: Self.now) {
            fatalError("broken: a token is verified with a key that was made a moment ago")
        }
    }

    private static func isSigned(_ token: [UInt8], by keys: KeySet) -> Bool {
        do throws(TokenError) {
            _ = try SignatureCheck.verify(compact: token.span, keys: keys)
            return true
        } catch { return false }
    }

    // MARK: - Tokens of an issuer who writes odd ones

    private func judge(header: [UInt8], claims: [UInt8]) {
        var token = Base64URL.encode(header.span) + [ASCII.dot] + Base64URL.encode(claims.span)
        let signature = signer.key.sign(.edDSA, token.span)
        token += [ASCII.dot] + Base64URL.encode(signature.span)
        guard case .verified(let verified) = verifier.verify(token.span, now: Self.now) else { return }
        guard let header = Self.object(header), let claims = Self.object(claims) else {
            fatalError("broken: a token is verified that is no JSON to Foundation")
        }
        check(header)
        check(claims, verified)
        token[token.count - 20] = token[token.count - 20] == 0x41 ? 0x42 : 0x41
        if case .verified = verifier.verify(token.span, now: Self.now) {
            fatalError("broken: a token with another signature is verified")
        }
    }

    private func check(_ header: [String: Any]) {
        require(["EdDSA", "Ed25519"].contains(header["alg"] as? String), "the algorithm is the key's")
        require(header["crit"] == nil && header["b64"] == nil && header["enc"] == nil, "no extensions")
        require(header["kid"] == nil || header["kid"] as? String == signer.keyID, "the key is the named one")
        let type = (header["typ"] as? String)?.lowercased()
        require(header["typ"] == nil || ["at+jwt", "application/at+jwt", "jwt"].contains(type), "the type is known")
        require(!["jwt", "application/jwt"].contains((header["cty"] as? String)?.lowercased()), "nothing nested")
    }

    private func check(_ claims: [String: Any], _ verified: VerifiedToken) {
        let now = Double(ClaimsText.now)
        func time(_ name: String) -> Double? { (claims[name] as? NSNumber)?.doubleValue }
        require(claims["iss"] as? String == ClaimsText.issuer, "the issuer is the configured one")
        let audiences = claims["aud"] as? [String] ?? [claims["aud"] as? String ?? ""]
        require(audiences.contains(ClaimsText.audience), "the audience is the configured one")
        require(time("exp").map { now < $0 + 30 } ?? false, "an expiry that has not come")
        require(claims["nbf"] == nil || time("nbf").map { $0 <= now + 30 } ?? false, "not before a time to come")
        require(claims["iat"] == nil || time("iat").map { $0 <= now + 30 } ?? false, "not issued at a time to come")
        require(claims["cnf"] == nil, "a bound token does not count without a certificate")
        require(verified.scopes.allSatisfy { ScopeToken.isValid($0.span) }, "scopes are scope-tokens")
        let name = claims["scope"] == nil ? "scp" : "scope"
        let listed = claims[name] as? [String] ?? (claims[name] as? String ?? "").split(separator: " ").map(String.init)
        require(verified.scopes == listed.map { Array($0.utf8) }, "the scopes are those of the claim")
        require(verified.temporalError(at: Self.now, skew: 30) == nil, "the token may be used now")
    }

    private static func object(_ bytes: [UInt8]) -> [String: Any]? {
        (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any]
    }

    // MARK: - Base64url

    private func checkEncoding(_ bytes: [UInt8]) {
        let encoded = Base64URL.encode(bytes.span)
        require(Base64URL.decode(encoded.span) == bytes, "what is encoded decodes to itself")
        for part in bytes.split(separator: ASCII.dot).map(Array.init) {
            guard let decoded = Base64URL.decode(part.span) else { continue }
            require(Base64URL.encode(decoded.span) == part, "no two texts for the same bytes")
        }
    }
}
