/// What a caller may invoke: the scopes and claims of a token, in the numbers of one route table.
package final class CallerGrants: Sendable {
    let scopes: ScopeSet
    /// The values of `RouteTable.claims`: a string's bytes or a whole number's decimal digits, else nil.
    let claims: [[UInt8]?]

    /// Those of a token that carries these scopes and no claims that conditions name.
    package init(scopes: [[UInt8]], in table: RouteTable) {
        self.scopes = table.scopes.set(of: scopes)
        claims = table.claims.map { _ in nil }
    }

    init(_ token: VerifiedToken, in table: RouteTable) {
        scopes = table.scopes.set(of: token.scopes)
        claims = table.claims.map { claim in
            claim.value(in: token.claims.root).flatMap(Self.comparableValue)
        }
    }

    private static func comparableValue(_ value: JSONValue) -> [UInt8]? {
        if let text = value.stringBytes { return text }
        return value.integer.map { Array(String($0).utf8) }
    }
}

/// Somebody whose token was verified. Kept with the token: what depends on time, path or rules is asked anew on each
/// request.
package final class AuthenticatedCaller: Sendable {
    package let token: VerifiedToken
    /// The field lines that tell the upstream who calls, each ending with CRLF.
    package let identityLines: [UInt8]
    let grants: CallerGrants

    /// Throws what makes the token unusable here although it is genuine.
    init(_ token: VerifiedToken, policy: AccessPolicy, issuer: String) throws(TokenError) {
        self.token = token
        identityLines = try policy.identity.lines(for: token, issuer: issuer)
        grants = CallerGrants(token, in: policy.table)
    }

    package var clientID: [UInt8]? { token.clientID }
}
