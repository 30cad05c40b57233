/// A denial with what the log wants to know about it.
package struct Refusal: Sendable {
    package let denial: Denial
    /// The route of the path as it was sent, if that matches one. Not for the caller unless the denial names it.
    package let route: Int?
    /// Whose token was valid but not sufficient.
    package let caller: AuthenticatedCaller?

    /// The scopes that the caller would need besides those of its token, separated by spaces; for `any_scope` all the
    /// alternatives. Empty when scopes are not what is missing.
    package func missingScopes(_ table: RouteTable) -> String {
        guard case .insufficientScope(let route) = denial else { return "" }
        let held = caller?.token.scopes ?? []
        switch table.definitions[route].requirement {
        case .all(let scopes), .any(let scopes):
            return scopes.filter { !held.contains(Array($0.utf8)) }.joined(separator: " ")
        case .authenticated, .public: return ""
        }
    }
}

extension PathProblem {
    /// The denial that the problem amounts to.
    var denial: Denial {
        switch self {
        case .tooManyReadings: .ambiguousPath
        case .noLeadingSlash, .control, .fragment, .invalidPercentEncoding, .encodedControl, .overlongUTF8:
            .invalidPath(self)
        }
    }
}
