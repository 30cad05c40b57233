/// Where one reading of a path leads in a route table.
package enum RouteLanding: Sendable, Equatable {
    /// The route with this index answers.
    case route(Int)
    /// The path with this index has routes, but none for the method. A more general path is not asked instead.
    case methodNotAllowed(path: Int)
    case none
}

/// The answer of a route table for one reading of a path.
package struct RouteMatch: Sendable, Equatable {
    package let landing: RouteLanding
    /// Some literal that the search passed differs from the path only in letter case, so that an upstream which
    /// ignores case may land elsewhere: ask `landingsIgnoringCase` too. False means that it could not.
    package let needsCaseFolding: Bool
    /// What the search cost: at most the number of nodes of the trie, about one for each segment as a rule.
    package let visitedNodes: Int
}
