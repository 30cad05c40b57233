/// What is wrong with an `Authorization` that means to carry a bearer token.
package enum CredentialsProblem: Sendable, Equatable, CaseIterable {
    /// Several fields, of which an application might heed another one than we do.
    case severalFields
    /// Not `auth-scheme 1*SP b64token`.
    case malformed

    /// For logs and metrics.
    package var reason: StaticString {
        switch self {
        case .severalFields: "several_authorization_fields"
        case .malformed: "malformed_authorization"
        }
    }
}

/// The bearer token of a request, taken from `Authorization` alone (RFC 6750 section 2.1; never from query or body).
enum BearerCredentials: Equatable {
    /// No field, or another scheme.
    case none
    /// Where the token stands. What it is made of has not been looked at: see `isB64Token`.
    case token(ByteRange)
    case problem(CredentialsProblem)

    init(_ field: Occurrence, in bytes: Span<UInt8>) {
        switch field {
        case .none: self = .none
        case .several: self = .problem(.severalFields)
        case .one(let value): self = Self.credentials(value, bytes.slice(value))
        }
    }

    private static func credentials(_ range: ByteRange, _ value: Span<UInt8>) -> BearerCredentials {
        var index = 0
        while index < value.count, ASCII.isTokenCharacter(value[index]) { index += 1 }
        guard index == value.count || value[index] == ASCII.space else { return .problem(.malformed) }
        guard value.extracting(first: index).equalsIgnoringCase("bearer") else { return .none }
        while index < value.count, value[index] == ASCII.space { index += 1 }
        guard index < value.count else { return .problem(.malformed) }
        return .token(ByteRange(Int(range.lower) + index, Int(range.upper)))
    }

    /// `b64token` of RFC 6750 section 2.1: letters, digits and `-._~+/`, at least one, and then only `=`.
    static func isB64Token(_ token: Span<UInt8>) -> Bool {
        var index = 0
        while index < token.count, b64Characters[token[index]] { index += 1 }
        guard index > 0 else { return false }
        while index < token.count, token[index] == ASCII.equals { index += 1 }
        return index == token.count
    }

    private static let b64Characters = ByteSet { byte in
        ASCII.isUnreserved(byte) || byte == ASCII.plus || byte == ASCII.slash
    }
}
