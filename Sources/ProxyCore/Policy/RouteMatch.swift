/// Where one reading of a path leads in a route table.
package enum RouteLanding: Sendable, Equatable {
    /// The route with this index answers.
    case route(Int)
    /// The path with this index has routes, but none for the method. A more general path is not asked instead.
    case methodNotAllowed(path: Int)
    case none
}

/// The parameters that a match captured, from left to right, as ranges of the path that was matched.
package struct RouteCaptures: Sendable, Equatable {
    package static let capacity = 16
    private var ranges = InlineArray<16, ByteRange>(repeating: .empty)
    package private(set) var count = 0

    init() {}

    package subscript(index: Int) -> ByteRange {
        precondition(index < count)
        return ranges[index]
    }

    /// Sets a place; what lies behind it was left over by a branch of the search that led nowhere.
    mutating func set(_ index: Int, _ range: ByteRange) {
        ranges[index] = range
        count = index + 1
    }

    mutating func truncate(to count: Int) { self.count = count }

    package static func == (left: RouteCaptures, right: RouteCaptures) -> Bool {
        guard left.count == right.count else { return false }
        for index in 0..<left.count where left.ranges[index] != right.ranges[index] { return false }
        return true
    }
}

/// The answer of a route table for one reading of a path.
package struct RouteMatch: Sendable, Equatable {
    package let landing: RouteLanding
    package let captures: RouteCaptures
    /// Some literal that the search passed differs from the path only in letter case, so that an upstream which
    /// ignores case may land elsewhere: ask `matchesIgnoringCase` too. False means that it could not.
    package let needsCaseFolding: Bool
    /// What the search cost: at most the number of nodes of the trie, about one for each segment as a rule.
    package let visitedNodes: Int
}
