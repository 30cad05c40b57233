import ProxyCore

/// Finding a token among those that are remembered.
enum CacheBenchmarks {
    /// Stands for what is remembered of a token.
    private final class Remembered {
        let number: Int
        init(_ number: Int) { self.number = number }
    }

    static func run(_ stopwatch: inout Stopwatch) throws {
        let sample = SampleToken(.p256)
        for (count, text) in [(1, "1 token"), (10_000, "10,000 tokens in no order")] {
            let tokens = (0..<count).map(sample.bytes)
            let cache = TokenCache<Remembered>(capacity: 10_000)
            for (number, token) in tokens.enumerated() { cache.insert(token.span, Remembered(number)) }
            let name = "cache look-up, \(text)"
            try stopwatch.time(name) { turn in
                // A stride that has no divisor in common with the count, so that every one has its turn.
                let token = tokens[turn &* 7919 % count]
                guard let found = cache.lookup(token.span) else { throw MicroError.wrongResult(of: name) }
                return found.number
            }
        }
    }
}
