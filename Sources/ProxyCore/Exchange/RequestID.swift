/// Makes the identifiers that tie a response, a log line and the upstream's log together (`X-Request-Id`).
///
/// 128 bits from a generator seeded by the system: unique for all purposes, and no secret. One for each worker.
package struct RequestIDGenerator {
    package var random: FastRandom

    package init(_ random: FastRandom = FastRandom()) { self.random = random }

    /// Writes 32 hexadecimal digits in place of what `id` holds.
    package mutating func generate(into id: ByteBuffer) {
        id.removeAll()
        id.append(digitsOf: random.next())
        id.append(digitsOf: random.next())
    }

    /// The longest identifier of a trusted proxy that is kept.
    static let keptBytesMax = 128

    /// True for what may be kept of a trusted proxy's: visible ASCII of a sensible length.
    package static func isAcceptable(_ id: Span<UInt8>) -> Bool {
        guard (1...keptBytesMax).contains(id.count) else { return false }
        for index in id.indices where id[index] <= ASCII.space || id[index] >= ASCII.delete { return false }
        return true
    }
}
