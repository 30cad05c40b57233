/// A JWT by which a client authenticates (RFC 7523 section 3), taken apart; nothing is verified yet.
struct ClientAssertion {
    /// `iss` and `sub`, which are the same.
    let client: String
    private let text: [UInt8]
    private let token: CompactToken
    private let claims: JSONValue

    /// Longer ones are not looked at.
    private static let bytesMax = 8192
    /// How far the client's clock may be off.
    private static let skewSeconds: Int64 = 30
    /// An hour is what common client libraries give an assertion.
    private static let lifetimeMaxSeconds: Int64 = 3600
    /// An assertion is made for one request, and has to be remembered for as long as it could be used again. So one
    /// that says when it was made is taken for that long, whatever else it allows itself (RFC 7523 section 3, 6).
    private static let useSeconds: Int64 = 300
    private static let idBytesMax = 256

    init(_ text: String) throws(ClientAuthenticationFailure) {
        self.text = Array(text.utf8)
        let bytes = self.text
        do throws(TokenError) {
            token = try CompactToken(parsing: bytes.span, maxBytes: Self.bytesMax)
        } catch {
            throw .malformedAssertion
        }
        guard let root = try? JSONDocument(parsing: token.payload).root, root.kind == .object,
            let issuer = root["iss"]?.string, let subject = root["sub"]?.string
        else { throw .malformedAssertion }
        guard issuer.utf8.elementsEqual(subject.utf8) else { throw .assertionOfAnother }
        client = issuer
        claims = root
    }

    /// What makes the assertion this one: to be kept until `end`, so that it is not taken twice.
    struct Use {
        let key: String
        let end: UnixTime
    }

    /// Checks everything but whether the assertion was used before.
    func verify(
        with keys: PreparedKeys, audiences: [String], at now: UnixTime
    ) throws(ClientAuthenticationFailure) -> Use {
        try checkAudience(audiences)
        let expiry = try time("exp")
        guard let expiry else { throw .malformedAssertion }
        guard now.seconds < expiry + Self.skewSeconds else { throw .assertionExpired }
        guard expiry - now.seconds <= Self.lifetimeMaxSeconds + Self.skewSeconds else { throw .assertionTooLong }
        for name in ["nbf", "iat"] {
            if let time = try time(name), time > now.seconds + Self.skewSeconds { throw .assertionNotYetValid }
        }
        let end = min(expiry, try time("iat").map { $0 + Self.useSeconds } ?? expiry) + Self.skewSeconds
        guard now.seconds < end else { throw .assertionTooOld }
        guard let id = claims["jti"]?.string, (1...Self.idBytesMax).contains(id.utf8.count) else {
            throw .assertionWithoutID
        }
        let text = text
        guard case .verified = keys.verify(token, of: text.span, allowing: .all) else { throw .wrongSignature }
        let name = Array(client.utf8) + [0] + Array(id.utf8)
        let digest = Digest.sha256(name.span)
        return Use(key: Base64URL.encode(digest.span).span.text, end: UnixTime(end + 1))
    }

    /// RFC 7523 section 3: one of `audiences` has to be named.
    private func checkAudience(_ audiences: [String]) throws(ClientAuthenticationFailure) {
        guard let audience = claims["aud"] else { throw .malformedAssertion }
        let named = audience.kind == .array ? audience.elements : [audience]
        let texts = named.compactMap(\.string)
        guard texts.count == named.count else { throw .malformedAssertion }
        guard texts.contains(where: audiences.contains) else { throw .assertionForAnother }
    }

    /// A NumericDate in whole seconds, cut to a range that no sum leaves.
    private func time(_ name: String) throws(ClientAuthenticationFailure) -> Int64? {
        guard let value = claims[name] else { return nil }
        guard let seconds = value.number, seconds >= 0, seconds <= 0x1p53 else { throw .malformedAssertion }
        return Int64(seconds)
    }
}
