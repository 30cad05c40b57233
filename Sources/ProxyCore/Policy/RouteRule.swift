/// What a route asks of a caller, compiled: scopes and claims by their numbers.
struct RouteRule: Sendable {
    enum Requirement: Sendable {
        case all(ScopeSet)
        case any(ScopeSet)
        case authenticated
        case `public`
    }

    enum Expectation: Sendable {
        case value([UInt8])
        case parameter(ParameterPlace)
    }

    struct Condition: Sendable {
        /// Index in `RouteTable.claims`.
        var claim: Int
        var expectation: Expectation
    }

    var requirement: Requirement
    var conditions: [Condition]
    var mode: EnforcementMode?
    var allowsEncodedSlash: Bool

    var isPublic: Bool {
        switch requirement {
        case .public: true
        case .all, .any, .authenticated: false
        }
    }

    /// True when these scopes are enough.
    func isMet(by scopes: ScopeSet) -> Bool {
        switch requirement {
        case .all(let needed): scopes.isSuperset(of: needed)
        case .any(let needed): scopes.intersects(needed)
        case .authenticated, .public: true
        }
    }
}
