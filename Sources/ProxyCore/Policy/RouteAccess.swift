/// Who gets a request through: what a policy says of one path and method, apart from how it says it.
struct RouteAccess: Equatable {
    enum Requirement: Equatable {
        /// Nobody: no route, or not by this method.
        case nobody
        /// Anybody, without a token.
        case anybody
        /// A valid token with all of these; with none of them, any.
        case all(Set<String>)
        /// A valid token with one of these.
        case any(Set<String>)
    }

    var requirement: Requirement
    /// Claims that have to have certain values.
    var conditions: Set<String> = []
    /// What is required is only looked for: whoever lacks it gets through all the same.
    var isObserved: Bool

    /// Whether whoever gets through here does so there too.
    func isContained(in other: RouteAccess) -> Bool {
        if other.letsAnybodyThrough { return true }
        if letsAnybodyThrough { return false }
        switch (requirement, other.requirement) {
        case (.nobody, _): return true
        case (_, .nobody): return false
        // Both have been dealt with.
        case (.anybody, _), (_, .anybody): return false
        case (.all(let own), .all(let others)): return own.isSuperset(of: others) && hasConditions(of: other)
        case (.any(let own), .any(let others)): return own.isSubset(of: others) && hasConditions(of: other)
        case (.all(let own), .any(let others)): return !own.isDisjoint(with: others) && hasConditions(of: other)
        case (.any(let own), .all(let others)):
            return own.allSatisfy { others.isSubset(of: [$0]) } && hasConditions(of: other)
        }
    }

    var letsAnybodyThrough: Bool { isObserved || requirement == .anybody }

    private func hasConditions(of other: RouteAccess) -> Bool { conditions.isSuperset(of: other.conditions) }
}

extension RouteAccess: CustomStringConvertible {
    /// As in `scopes a b, tenant = {1}` or `observed: authenticated`.
    var description: String {
        let words: String
        switch requirement {
        case .nobody: words = "refused"
        case .anybody: words = "public"
        case .all([]): words = "authenticated"
        case .all(let scopes): words = "scopes \(scopes.sorted().joined(separator: " "))"
        case .any(let scopes): words = "any_scope \(scopes.sorted().joined(separator: " "))"
        }
        let all = [words] + conditions.sorted()
        return (isObserved ? "observed: " : "") + all.joined(separator: ", ")
    }
}
