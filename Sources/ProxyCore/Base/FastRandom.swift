/// Random numbers without a system call each: xoroshiro128+ (Blackman and Vigna, 2018), seeded by the system.
///
/// Unique for all purposes, and no secret: who sees enough of them can tell the next. One for each owner.
package struct FastRandom: RandomNumberGenerator {
    private var state: (UInt64, UInt64)

    package init(seed: (UInt64, UInt64)) { state = seed }

    package init() {
        var system = SystemRandomNumberGenerator()
        state = (system.next(), system.next())
    }

    package mutating func next() -> UInt64 {
        let (first, second) = state
        let mixed = first ^ second
        state = (Self.rotated(first, 24) ^ mixed ^ mixed << 16, Self.rotated(mixed, 37))
        return first &+ second
    }

    /// A number that is not zero.
    package mutating func nextNonzero() -> UInt64 {
        while true {
            let number = next()
            if number != 0 { return number }
        }
    }

    private static func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 { value << count | value >> (64 - count) }
}
