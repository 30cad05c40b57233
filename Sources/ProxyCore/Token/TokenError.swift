/// Why a token is refused. Cheap reasons come first in the verifier, so a token with several faults names one of them.
///
/// Both texts are fixed: nothing of a token can reach a response or a log through them.
package enum TokenError: Error, Equatable, Sendable, CaseIterable {
    // What it is made of.
    case tooLong
    case malformed
    case encrypted
    case unsupportedAlgorithm
    case criticalHeader
    case nestedToken
    // Whose it is.
    case missingIssuer
    case unknownIssuer
    case algorithmNotAllowed
    case wrongType
    // What it claims.
    case invalidClaims
    case missingExpiry
    case expired
    case notYetValid
    case issuedInFuture
    case missingIssuedAt
    case lifetimeTooLong
    case wrongAudience
    // Whom it is bound to.
    case notBound
    case unsupportedConfirmation
    case missingCertificate
    case otherCertificate
    // Who signed it.
    case noMatchingKey
    case badSignature

    /// For `error_description`: the characters that RFC 6750 section 3 allows there.
    package var description: StaticString {
        switch self {
        case .tooLong: "The token is too long"
        case .malformed: "The token is not a signed JSON Web Token in compact form"
        case .encrypted: "Encrypted tokens are not supported"
        case .unsupportedAlgorithm: "The signature algorithm of the token is not supported"
        case .criticalHeader: "The token uses a header extension that is not supported"
        case .nestedToken: "Nested tokens are not supported"
        case .missingIssuer: "The token names no issuer"
        case .unknownIssuer: "The issuer of the token is not trusted here"
        case .algorithmNotAllowed: "The signature algorithm of the token is not allowed for its issuer"
        case .wrongType: "The token is of a type that is not accepted here"
        case .invalidClaims: "A claim of the token is not of the form that it must have"
        case .missingExpiry: "The token has no expiry time"
        case .expired: "The token has expired"
        case .notYetValid: "The token is not valid yet"
        case .issuedInFuture: "The token was issued in the future"
        case .missingIssuedAt: "The token has no issue time"
        case .lifetimeTooLong: "The lifetime of the token is too long"
        case .wrongAudience: "The token is meant for another audience"
        case .notBound: "The token is not bound to a client certificate"
        case .unsupportedConfirmation: "The token is bound to its sender in a way that is not supported"
        case .missingCertificate: "The token is bound to a client certificate, and the connection has none"
        case .otherCertificate: "The token is bound to another client certificate"
        case .noMatchingKey: "The token is signed with a key that its issuer does not publish"
        case .badSignature: "The signature of the token is not valid"
        }
    }

    /// For logs and metrics.
    package var reason: StaticString {
        switch self {
        case .tooLong: "token_too_long"
        case .malformed: "malformed_token"
        case .encrypted: "encrypted_token"
        case .unsupportedAlgorithm: "unsupported_algorithm"
        case .criticalHeader: "critical_header"
        case .nestedToken: "nested_token"
        case .missingIssuer: "missing_issuer"
        case .unknownIssuer: "unknown_issuer"
        case .algorithmNotAllowed: "algorithm_not_allowed"
        case .wrongType: "wrong_token_type"
        case .invalidClaims: "invalid_claims"
        case .missingExpiry: "missing_expiry"
        case .expired: "expired"
        case .notYetValid: "not_yet_valid"
        case .issuedInFuture: "issued_in_future"
        case .missingIssuedAt: "missing_issued_at"
        case .lifetimeTooLong: "lifetime_too_long"
        case .wrongAudience: "wrong_audience"
        case .notBound: "not_bound"
        case .unsupportedConfirmation: "unsupported_confirmation"
        case .missingCertificate: "missing_certificate"
        case .otherCertificate: "other_certificate"
        case .noMatchingKey: "no_matching_key"
        case .badSignature: "bad_signature"
        }
    }
}
