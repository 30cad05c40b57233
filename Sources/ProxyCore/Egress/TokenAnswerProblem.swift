/// Why the body of a 200 is not the answer of RFC 6749 section 5.1.
package enum TokenAnswerProblem: Error, CaseIterable, Sendable, Equatable {
    case notJSON
    case notAnObject
    case noToken
    case malformedToken
    case tooLongToken
    case noType
    case otherType
    case malformedLifetime
    case malformedScope

    package var reason: StaticString {
        switch self {
        case .notJSON: "it is not JSON, or names a member twice"
        case .notAnObject: "it is not a JSON object"
        case .noToken: "it has no access_token"
        case .malformedToken: "its access_token holds what no token may hold"
        case .tooLongToken: "its access_token is longer than 16384 bytes"
        case .noType: "it has no token_type"
        case .otherType: "its token_type is not Bearer"
        case .malformedLifetime: "its expires_in is not a number of seconds of at least 1"
        case .malformedScope: "its scope is not a string"
        }
    }
}
