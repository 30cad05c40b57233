/// SplitMix64: the same numbers for the same seed, on every platform. A test that uses it prints the seed on failure.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// What comes next is a function of this.
    var peek: UInt64 { state }

    /// A number from 0 up to, not including, `bound`.
    mutating func next(upTo bound: Int) -> Int { Int(next() >> 1) % bound }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next() >> 8) } }
}
