/// The errors of a token endpoint (RFC 6749 section 5.2, RFC 8707 section 2), and the one that many take from section
/// 4.1.2.1 for what will pass.
package enum TokenRefusal: CaseIterable, Sendable, Equatable {
    case invalidClient
    case invalidRequest
    case invalidGrant
    case unauthorizedClient
    case unsupportedGrantType
    case invalidScope
    case invalidTarget
    case temporarilyUnavailable
    /// Any other.
    case other

    package init(code: JSONValue) {
        self = Self.allCases.first { code.isString(equalTo: $0.code.bytes) } ?? .other
    }

    package var code: StaticString {
        switch self {
        case .invalidClient: "invalid_client"
        case .invalidRequest: "invalid_request"
        case .invalidGrant: "invalid_grant"
        case .unauthorizedClient: "unauthorized_client"
        case .unsupportedGrantType: "unsupported_grant_type"
        case .invalidScope: "invalid_scope"
        case .invalidTarget: "invalid_target"
        case .temporarilyUnavailable: "temporarily_unavailable"
        case .other: "refused"
        }
    }

    /// What an operator may have to look at.
    package var meaning: StaticString {
        switch self {
        case .invalidClient: "it does not know the client, or not this secret, key or certificate of it"
        case .invalidRequest: "something in the request is not as it wants it"
        case .invalidGrant: "what the client showed is not valid any more"
        case .unauthorizedClient: "the client may not use the client credentials grant"
        case .unsupportedGrantType: "it does not offer the client credentials grant"
        case .invalidScope: "the client may not have the scope that it asks for"
        case .invalidTarget: "the client may not have tokens for this audience or resource"
        case .temporarilyUnavailable: "it cannot give tokens now, or has been asked too often"
        case .other: "for a reason of its own"
        }
    }
}
