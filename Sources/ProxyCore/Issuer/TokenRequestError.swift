/// Why a request to one of the server's endpoints is refused (RFC 6749 section 5.2). Fixed words, nothing of the
/// caller's.
package enum TokenRequestError: Error, Sendable, Equatable {
    case differingClientIDs
    case malformedForm
    case malformedJSON
    case missingGrantType
    case missingToken
    case parametersInQuery
    case repeatedParameter
    case severalAuthorizations
    case tooManyParameters
    case twoAuthenticationMethods
    case unsupportedMediaType
    /// No credentials, credentials that cannot be read, an unknown client, a wrong secret: one answer for all.
    case invalidClient(ClientAuthenticationFailure)
    case unsupportedGrantType
    case invalidScope
    /// RFC 8707 section 2: the word for a target that the client may not have, and for one that is no URI.
    case invalidTarget
    /// RFC 7009 section 2.1: a token that is not the client's own.
    case tokenOfAnotherClient
    /// Too many attempts have failed; seconds after which one may try again.
    case tooManyAttempts(retryAfter: Int64)
    /// The file of clients has changed, and cannot be read.
    case clientsUnreadable
    /// What has to be written down cannot be.
    case unavailable

    /// The `error` of the answer.
    package var code: StaticString {
        switch self {
        case .differingClientIDs, .malformedForm, .malformedJSON, .missingGrantType, .missingToken, .parametersInQuery,
            .repeatedParameter, .severalAuthorizations, .tooManyParameters, .twoAuthenticationMethods,
            .unsupportedMediaType:
            "invalid_request"
        case .invalidClient: "invalid_client"
        case .unsupportedGrantType: "unsupported_grant_type"
        case .invalidScope: "invalid_scope"
        case .invalidTarget: "invalid_target"
        case .tokenOfAnotherClient: "invalid_grant"
        case .tooManyAttempts, .clientsUnreadable, .unavailable: "temporarily_unavailable"
        }
    }

    var status: Int {
        switch self {
        case .invalidClient: 401
        case .tooManyAttempts: 429
        case .clientsUnreadable, .unavailable: 503
        case _: 400
        }
    }

    /// Seconds after which it may be otherwise.
    var retryAfter: Int64? {
        switch self {
        case .tooManyAttempts(let seconds): seconds
        case .clientsUnreadable, .unavailable: 5
        case _: nil
        }
    }

    /// For the audit log.
    var reason: StaticString {
        switch self {
        case .invalidClient(let failure): failure.reason
        case .differingClientIDs: "differing_client_ids"
        case .malformedForm: "malformed_form"
        case .malformedJSON: "malformed_json"
        case .missingGrantType: "missing_grant_type"
        case .missingToken: "missing_token"
        case .parametersInQuery: "parameters_in_query"
        case .repeatedParameter: "repeated_parameter"
        case .severalAuthorizations: "several_authorizations"
        case .tooManyParameters: "too_many_parameters"
        case .twoAuthenticationMethods: "two_authentication_methods"
        case .unsupportedMediaType: "unsupported_media_type"
        case .unsupportedGrantType: "unsupported_grant_type"
        case .invalidScope: "invalid_scope"
        case .invalidTarget: "invalid_target"
        case .tokenOfAnotherClient: "token_of_another_client"
        case .tooManyAttempts: "too_many_attempts"
        case .clientsUnreadable: "clients_unreadable"
        case .unavailable: "unavailable"
        }
    }

    /// The `error_description`, for whoever writes the client.
    var description: StaticString {
        switch self {
        case .differingClientIDs: "client_id is not the client that Authorization or client_assertion names"
        case .malformedForm: "The content is not a form as application/x-www-form-urlencoded wants it"
        case .malformedJSON: "The content is not a JSON object whose parameters are strings"
        case .missingGrantType: "grant_type is missing"
        case .missingToken: "token is missing"
        case .parametersInQuery: "Parameters belong in the content of the request, not in its URI"
        case .repeatedParameter: "A parameter occurs more than once"
        case .severalAuthorizations: "There is more than one Authorization"
        case .tooManyParameters: "There are too many parameters"
        case .twoAuthenticationMethods: "The client authenticates in more than one way"
        case .unsupportedMediaType: "Content-Type is neither application/x-www-form-urlencoded nor application/json"
        case .invalidClient: "The client is not known or its secret is not right"
        case .unsupportedGrantType: "grant_type is not client_credentials"
        case .invalidScope: "A scope is malformed, or more than the client may have"
        case .invalidTarget: "The audience or resource is none that the client may have"
        case .tokenOfAnotherClient: "The token was issued to another client"
        case .tooManyAttempts: "Too many attempts have failed"
        case .clientsUnreadable: "The server cannot read its list of clients at the moment"
        case .unavailable: "The server cannot keep its records at the moment"
        }
    }
}

/// Why a client is not who it says that it is. For the audit log alone: the caller gets one answer for all.
package enum ClientAuthenticationFailure: Error, Sendable, Equatable {
    case noCredentials
    case malformedCredentials
    case unknownClient
    case wrongSecret
    case wrongCertificate
    case malformedAssertion
    case unsupportedAssertionType
    case assertionOfAnother
    case assertionForAnother
    case assertionExpired
    case assertionTooLong
    case assertionTooOld
    case assertionNotYetValid
    case assertionWithoutID
    case assertionReplayed
    case wrongSignature

    var reason: StaticString {
        switch self {
        case .noCredentials: "no_credentials"
        case .malformedCredentials: "malformed_credentials"
        case .unknownClient: "unknown_client"
        case .wrongSecret: "wrong_secret"
        case .wrongCertificate: "wrong_certificate"
        case .malformedAssertion: "malformed_assertion"
        case .unsupportedAssertionType: "unsupported_assertion_type"
        case .assertionOfAnother: "assertion_of_another"
        case .assertionForAnother: "assertion_for_another"
        case .assertionExpired: "assertion_expired"
        case .assertionTooLong: "assertion_too_long"
        case .assertionTooOld: "assertion_too_old"
        case .assertionNotYetValid: "assertion_not_yet_valid"
        case .assertionWithoutID: "assertion_without_id"
        case .assertionReplayed: "assertion_replayed"
        case .wrongSignature: "wrong_signature"
        }
    }
}
