/// A set of scopes, as numbered by one `ScopeCatalog`: a bit each, so that holding a token's scopes against a route's
/// costs a few instructions. The first 256 scopes of a table take no memory of their own.
package struct ScopeSet: Sendable, Equatable {
    private static let inlineWords = 4
    private var words = InlineArray<4, UInt64>(repeating: 0)
    /// Scopes from number 256 on; no longer than it has to be, so that sets with the same members are equal.
    private var overflow: [UInt64] = []

    package init() {}

    package mutating func insert(_ scope: Int) {
        precondition(scope >= 0)
        let word = scope / 64
        let bit: UInt64 = 1 << UInt64(scope % 64)
        if word < Self.inlineWords {
            words[word] |= bit
            return
        }
        while overflow.count <= word - Self.inlineWords { overflow.append(0) }
        overflow[word - Self.inlineWords] |= bit
    }

    package func contains(_ scope: Int) -> Bool {
        let word = scope / 64
        let bit: UInt64 = 1 << UInt64(scope % 64)
        if word < Self.inlineWords { return words[word] & bit != 0 }
        let index = word - Self.inlineWords
        return index < overflow.count && overflow[index] & bit != 0
    }

    /// True when every scope of `other` is in this set.
    package func isSuperset(of other: ScopeSet) -> Bool {
        for index in 0..<Self.inlineWords where other.words[index] & ~words[index] != 0 { return false }
        for index in other.overflow.indices {
            let held = index < overflow.count ? overflow[index] : 0
            if other.overflow[index] & ~held != 0 { return false }
        }
        return true
    }

    /// True when some scope of `other` is in this set.
    package func intersects(_ other: ScopeSet) -> Bool {
        for index in 0..<Self.inlineWords where other.words[index] & words[index] != 0 { return true }
        for index in 0..<min(overflow.count, other.overflow.count) where overflow[index] & other.overflow[index] != 0 {
            return true
        }
        return false
    }

    package static func == (left: ScopeSet, right: ScopeSet) -> Bool {
        for index in 0..<inlineWords where left.words[index] != right.words[index] { return false }
        return left.overflow == right.overflow
    }
}

/// Numbers the scopes that the routes of a table name. Scopes are case-sensitive (RFC 6749 section 3.3).
package struct ScopeCatalog: Sendable {
    private var numbers: [[UInt8]: Int] = [:]

    package init() {}

    package var count: Int { numbers.count }

    /// The scope's number, a new one if it has none yet.
    mutating func add(_ scope: String) -> Int {
        let bytes = Array(scope.utf8)
        if let number = numbers[bytes] { return number }
        numbers[bytes] = numbers.count
        return numbers.count - 1
    }

    /// Those of a token's scopes that some route names; the others cannot matter.
    package func set(of scopes: [[UInt8]]) -> ScopeSet {
        var set = ScopeSet()
        for scope in scopes {
            if let number = numbers[scope] { set.insert(number) }
        }
        return set
    }
}
