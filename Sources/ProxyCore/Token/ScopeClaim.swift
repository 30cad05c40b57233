/// The shapes in which issuers put scopes into a token: a list separated by spaces (RFC 8693 section 4.2, RFC 9068
/// section 2.2.3), or an array of strings.
enum ScopeClaim {
    /// The scopes in `value`. Anything that is no scope-token spoils the claim: guessing what was meant is not for us.
    static func scopes(in value: JSONValue) throws(TokenError) -> [[UInt8]] {
        switch value.kind {
        case .string: return try list(value.stringBytes ?? [])
        case .array: return try array(value.elements)
        case .object, .number, .bool, .null: throw .invalidClaims
        }
    }

    /// Names separated by spaces; more of those than needed do no harm.
    private static func list(_ text: [UInt8]) throws(TokenError) -> [[UInt8]] {
        let names = text.split(separator: ASCII.space).map(Array.init)
        guard names.allSatisfy({ ScopeToken.isValid($0.span) }) else { throw .invalidClaims }
        return names
    }

    private static func array(_ elements: [JSONValue]) throws(TokenError) -> [[UInt8]] {
        var names: [[UInt8]] = []
        for element in elements {
            guard let name = element.stringBytes, ScopeToken.isValid(name.span) else { throw .invalidClaims }
            names.append(name)
        }
        return names
    }
}
