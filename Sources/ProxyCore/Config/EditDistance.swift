/// Finds the word that a misspelt one was probably meant to be.
enum EditDistance {
    /// The candidate nearest to `word`, if one is near enough to be worth naming. Case, `-` and `_` count little:
    /// `jwksUri` is `jwks_uri`. So does an end that is missing: `drain` is `drain_seconds`.
    static func nearest(to word: String, among candidates: [String]) -> String? {
        let given = folded(word)
        if given.count >= 4 {
            let continued = candidates.filter { folded($0).starts(with: given) }
            if continued.count == 1 { return continued.first }
        }
        var best: (candidate: String, distance: Int)?
        for candidate in candidates {
            let expected = folded(candidate)
            let distance = between(given, expected)
            let farthest = max(1, max(given.count, expected.count) / 3)
            if distance <= farthest, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.candidate
    }

    /// The candidate that is one slip of the finger away from `word`.
    static func neighbour(of word: String, among candidates: [String]) -> String? {
        let given = folded(word)
        return candidates.first { between(given, folded($0)) <= 1 }
    }

    /// Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other.
    private static func between(_ left: [UInt8], _ right: [UInt8]) -> Int {
        // A key that is out of all proportion is no misspelling, and must not cost its length squared.
        if left.count > 64 || right.count > 64 { return .max }
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let replaced = previous[column] + (left[row] == right[column] ? 0 : 1)
                var distance = min(replaced, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    distance = min(distance, beforePrevious[column - 1] + 1)
                }
                current.append(distance)
            }
            beforePrevious = previous
            previous = current
        }
        return previous[right.count]
    }

    private static func folded(_ word: String) -> [UInt8] {
        word.utf8.map { $0 == ASCII.hyphen ? ASCII.underscore : ASCII.lowercased($0) }
    }
}
