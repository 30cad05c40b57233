/// Why a token is not granted (RFC 6749 section 5.2). Fixed words, nothing of the caller's.
enum TokenRequestError: Error, Sendable, Equatable, CaseIterable {
    case differingClientIDs
    case malformedForm
    case malformedJSON
    case missingGrantType
    case parametersInQuery
    case repeatedParameter
    case severalAuthorizations
    case tooManyParameters
    case twoAuthenticationMethods
    case unsupportedMediaType
    /// No credentials, credentials that cannot be read, an unknown client, a wrong secret: one answer for all.
    case invalidClient
    case unsupportedGrantType
    case invalidScope
    /// RFC 8707 section 2: the word for a target that the client may not have.
    case invalidTarget

    /// The `error` of the answer.
    var code: StaticString {
        switch self {
        case .differingClientIDs, .malformedForm, .malformedJSON, .missingGrantType, .parametersInQuery,
            .repeatedParameter, .severalAuthorizations, .tooManyParameters, .twoAuthenticationMethods,
            .unsupportedMediaType:
            "invalid_request"
        case .invalidClient: "invalid_client"
        case .unsupportedGrantType: "unsupported_grant_type"
        case .invalidScope: "invalid_scope"
        case .invalidTarget: "invalid_target"
        }
    }

    var status: Int { self == .invalidClient ? 401 : 400 }

    /// The `error_description`, for whoever writes the client.
    var description: StaticString {
        switch self {
        case .differingClientIDs: "client_id is not the client that Authorization names"
        case .malformedForm: "The content is not a form as application/x-www-form-urlencoded wants it"
        case .malformedJSON: "The content is not a JSON object whose parameters are strings"
        case .missingGrantType: "grant_type is missing"
        case .parametersInQuery: "Parameters belong in the content of the request, not in its URI"
        case .repeatedParameter: "A parameter occurs more than once"
        case .severalAuthorizations: "There is more than one Authorization"
        case .tooManyParameters: "There are too many parameters"
        case .twoAuthenticationMethods: "The client authenticates in more than one way"
        case .unsupportedMediaType: "Content-Type is neither application/x-www-form-urlencoded nor application/json"
        case .invalidClient: "The client is not known or its secret is not right"
        case .unsupportedGrantType: "grant_type is not client_credentials"
        case .invalidScope: "A scope is malformed, or more than the client may have"
        case .invalidTarget: "The audience is none that the client may have"
        }
    }
}
