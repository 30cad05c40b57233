/// Why a request is not permitted. Which bytes that becomes is the business of one file in Exchange.
package enum Denial: Sendable, Equatable {
    /// There is no `Authorization`, or one of another scheme.
    case missingToken
    case invalidRequest(CredentialsProblem)
    case invalidToken(TokenError)
    /// The route wants scopes that the token does not carry.
    case insufficientScope(route: Int)
    /// A claim that the route names does not have the value that it has to have.
    case claimMismatch(route: Int)
    case noRoute
    /// The path has routes, none of them for this method; see `RouteTable.allowedMethods(path:)`.
    case methodNotAllowed(path: Int)
    /// Upstreams may read the path in ways that come to different answers, or in too many ways.
    case ambiguousPath
    case invalidPath(PathProblem)
    /// The issuer's keys have never been obtained.
    case keysUnavailable(issuer: Int)

    /// Every reason there is.
    package static let reasons: [StaticString] =
        [
            "missing_token", "insufficient_scope", "claim_mismatch", "no_route", "method_not_allowed",
            "keys_unavailable",
        ] + CredentialsProblem.allCases.map(\.reason) + TokenError.allCases.map(\.reason)
        + PathProblem.allCases.map(\.reason)

    /// For logs and metrics: a word from a fixed list.
    package var reason: StaticString {
        switch self {
        case .missingToken: "missing_token"
        case .invalidRequest(let problem): problem.reason
        case .invalidToken(let error): error.reason
        case .insufficientScope: "insufficient_scope"
        case .claimMismatch: "claim_mismatch"
        case .noRoute: "no_route"
        case .methodNotAllowed: "method_not_allowed"
        case .ambiguousPath: "ambiguous_path"
        case .invalidPath(let problem): problem.reason
        case .keysUnavailable: "keys_unavailable"
        }
    }
}
