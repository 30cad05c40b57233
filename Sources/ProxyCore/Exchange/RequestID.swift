/// Makes the identifiers that tie a response, a log line and the upstream's log together (`X-Request-Id`).
///
/// 128 bits from a generator seeded by the system: unique for all purposes, and no secret. One for each worker.
package struct RequestIDGenerator {
    private var state: (UInt64, UInt64)

    package init(seed: (UInt64, UInt64)) { state = seed }

    package init() {
        var system = SystemRandomNumberGenerator()
        state = (system.next(), system.next())
    }

    /// Writes 32 hexadecimal digits in place of what `id` holds.
    package mutating func generate(into id: ByteBuffer) {
        id.removeAll()
        id.append(digitsOf: next())
        id.append(digitsOf: next())
    }

    /// xoroshiro128+ (Blackman and Vigna, 2018).
    private mutating func next() -> UInt64 {
        let (first, second) = state
        let mixed = first ^ second
        state = (rotated(first, 24) ^ mixed ^ mixed << 16, rotated(mixed, 37))
        return first &+ second
    }

    private func rotated(_ value: UInt64, _ count: UInt64) -> UInt64 { value << count | value >> (64 - count) }

    /// The longest identifier of a trusted proxy that is kept.
    static let keptBytesMax = 128

    /// True for what may be kept of a trusted proxy's: visible ASCII of a sensible length.
    package static func isAcceptable(_ id: Span<UInt8>) -> Bool {
        guard (1...keptBytesMax).contains(id.count) else { return false }
        for index in id.indices where id[index] <= ASCII.space || id[index] >= ASCII.delete { return false }
        return true
    }
}
