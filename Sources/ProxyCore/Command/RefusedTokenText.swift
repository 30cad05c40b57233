/// Which claim of a token is why it is refused, or which member of its header: what it says, and what it should have
/// said. Nothing of that is verified: it is for whoever has the token anyway.
struct RefusedTokenText {
    private let error: TokenError
    private let header: JSONDocument
    private let claims: JSONDocument
    private let bytesCount: Int
    private let configuration: Configuration
    private let now: UnixTime

    /// As much of a value as fits a line.
    private static let shownMax = 160

    /// nil for what is no token at all.
    init?(_ error: TokenError, token: [UInt8], _ configuration: Configuration, now: UnixTime) {
        let parts = token.split(separator: ASCII.dot, omittingEmptySubsequences: false).map(Array.init)
        guard parts.count == 3, let header = Self.document(parts[0]), let claims = Self.document(parts[1]) else {
            return nil
        }
        self.error = error
        self.header = header
        self.claims = claims
        bytesCount = token.count
        self.configuration = configuration
        self.now = now
    }

    private static func document(_ part: [UInt8]) -> JSONDocument? {
        guard let bytes = Base64URL.decode(part.span), let document = try? JSONDocument(parsing: bytes) else {
            return nil
        }
        return document.root.kind == .object ? document : nil
    }

    /// One line; nil when there is no more to say than the error does.
    var line: String? {
        let issuer = issuer?.token
        switch error {
        case .malformed, .encrypted: return nil
        case .tooLong: return "it has \(bytesCount) bytes; limits.token_bytes is \(configuration.limits.tokenBytes)"
        case .nestedToken: return member("cty")
        case .criticalHeader: return member(header.root["crit"] == nil ? "b64" : "crit")
        case .unsupportedAlgorithm: return member("alg")
        case .noMatchingKey, .badSignature: return member("kid")
        case .algorithmNotAllowed: return member("alg", wanted: issuer?.algorithms.members.map(\.name.description))
        case .wrongType:
            return member("typ", wanted: issuer.map { $0.tokenTypes + ($0.acceptsUntyped ? ["none"] : []) })
        case .missingIssuer, .unknownIssuer:
            return claim("iss") + Self.list("expected is", configuration.issuers.map(\.token.issuer))
        case .wrongAudience: return claim("aud") + Self.list("expected is", issuer?.audiences)
        case .missingExpiry: return claim("exp")
        case .expired, .notYetValid, .issuedInFuture, .missingIssuedAt, .lifetimeTooLong: return time(issuer)
        case .notBound: return claim("cnf") + "; certificate_binding is required"
        case .unsupportedConfirmation: return claim("cnf") + "; only x5t#S256 is understood, and alone"
        case .missingCertificate, .otherCertificate: return claim("cnf") + "; --certificate names the caller's"
        case .invalidClaims: return malformedClaim(issuer)
        }
    }

    private var issuer: IssuerSettings? {
        guard let name = claims.root["iss"] else { return nil }
        return configuration.issuers.first { name.isString(equalTo: $0.token.issuer.utf8.span) }
    }

    // MARK: - Times

    private func time(_ issuer: TokenIssuer?) -> String {
        let skew = issuer.map { "; clock_skew_seconds is \($0.clockSkewSeconds)" } ?? ""
        let longest = issuer?.maxTokenLifetimeSeconds.map { "; max_token_lifetime_seconds is \($0)" } ?? ""
        switch error {
        case .expired: return moment("exp") + skew
        case .notYetValid: return moment("nbf") + skew
        case .missingIssuedAt: return claim("iat") + longest
        case .lifetimeTooLong: return moment("exp") + ", " + moment("iat") + longest
        case _: return moment("iat") + skew
        }
    }

    private func moment(_ name: String) -> String {
        guard let seconds = claims.root[name]?.number, abs(seconds) < 0x1p53 else { return claim(name) }
        let time = UnixTime(Int64(seconds.rounded(.up)))
        let left = time.seconds - now.seconds
        let distance = left > 0 ? "in \(left) seconds" : "\(-left) seconds ago"
        return "\(claim(name)), \(Timestamp.text(time)), \(distance)"
    }

    // MARK: - Malformed claims

    /// The first that is not what it has to be, in the order in which they are looked at.
    private func malformedClaim(_ issuer: TokenIssuer?) -> String? {
        let root = claims.root
        if let name = root["iss"], name.kind != .string { return claim("iss") + "; it has to be a string" }
        for name in ["exp", "nbf", "iat"] {
            guard let value = root[name] else { continue }
            guard let seconds = value.number, seconds >= 0, seconds <= 0x1p53 else {
                return claim(name) + "; it has to be a number of seconds since 1970"
            }
        }
        if let audience = root["aud"] {
            let named = audience.kind == .array ? audience.elements : [audience]
            guard named.allSatisfy({ $0.kind == .string }) else {
                return claim("aud") + "; it has to be a string, or an array of strings"
            }
        }
        if let subject = root["sub"], subject.kind != .string { return claim("sub") + "; it has to be a string" }
        return issuer.flatMap(malformedClaimOfIssuer)
    }

    private func malformedClaimOfIssuer(_ issuer: TokenIssuer) -> String? {
        if let (path, value) = first(of: issuer.clientIDClaims), value.kind != .string {
            return shown(path.text, value) + "; it has to be a string"
        }
        if let (path, value) = first(of: issuer.scopeClaims), (try? ScopeClaim.scopes(in: value)) == nil {
            return shown(path.text, value) + "; it has to be a text of scopes, or an array of them"
        }
        return claims.root["cnf"] == nil ? nil : claim("cnf") + "; it has to be an object with x5t#S256"
    }

    private func first(of paths: [ClaimPath]) -> (ClaimPath, JSONValue)? {
        for path in paths {
            if let value = path.value(in: claims.root) { return (path, value) }
        }
        return nil
    }

    // MARK: - Words

    private func claim(_ name: String) -> String {
        claims.root[name].map { shown(name, $0) } ?? "\(name): not in the token"
    }

    private func shown(_ name: String, _ value: JSONValue) -> String { "\(name) is \(Self.text(value, in: claims))" }

    private func member(_ name: String, wanted: [String]? = nil) -> String {
        let value = header.root[name].map { "is \(Self.text($0, in: header))" } ?? "is not there"
        return "\(name), in its header, \(value)" + Self.list("expected is", wanted)
    }

    private static func list(_ words: String, _ values: [String]?) -> String {
        guard let values, !values.isEmpty else { return "" }
        return "; \(words) \(values.joined(separator: values.count == 2 ? " or " : ", "))"
    }

    /// As it stands in the token, cut.
    private static func text(_ value: JSONValue, in document: JSONDocument) -> String {
        let text = String(decoding: document.bytes[value.range.range], as: UTF8.self)
        return text.count > shownMax ? text.prefix(shownMax) + "…" : text
    }
}
