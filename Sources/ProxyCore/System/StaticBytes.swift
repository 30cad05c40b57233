extension StaticString {
    /// The literal's bytes, lent for as long as the program runs.
    package var bytes: Span<UInt8> {
        @_lifetime(immortal)
        get {
            precondition(hasPointerRepresentation, "a literal of one scalar has no storage")
            // Sound: the literal's storage is constant data of the program and is never freed.
            let span = unsafe Span(_unsafeStart: utf8Start, count: utf8CodeUnitCount)
            return unsafe _overrideLifetime(span, borrowing: ())
        }
    }
}

extension Span where Element == UInt8 {
    /// True when the bytes are those of the literal.
    package func equals(_ literal: StaticString) -> Bool { equals(literal.bytes) }

    /// True when the bytes are those of the literal once A-Z is read as a-z. The literal has to be lower case already.
    package func equalsIgnoringCase(_ lowercased: StaticString) -> Bool {
        let expected = lowercased.bytes
        guard count == expected.count else { return false }
        let count = count
        // Sound: both closures lend `count` bytes, and every load below lies within them: words of eight and of four
        // bytes, the last of which overlaps the one before it, or single bytes where there are fewer than four.
        return unsafe withUnsafeBytes { mine in
            unsafe expected.withUnsafeBytes { theirs in
                if count >= 8 {
                    var offset = 0
                    while offset < count {
                        let place = Swift.min(offset, count - 8)
                        let word = unsafe mine.loadUnaligned(fromByteOffset: place, as: UInt64.self)
                        let wanted = unsafe theirs.loadUnaligned(fromByteOffset: place, as: UInt64.self)
                        if ASCII.lowercased(eight: word) != wanted { return false }
                        offset += 8
                    }
                    return true
                }
                if count >= 4 {
                    let first = unsafe Self.pair(mine, theirs, at: 0)
                    let last = unsafe Self.pair(mine, theirs, at: count - 4)
                    return ASCII.lowercased(eight: first.0) == first.1 && ASCII.lowercased(eight: last.0) == last.1
                }
                for index in 0..<count {
                    if unsafe ASCII.lowercased(mine[index]) != theirs[index] { return false }
                }
                return true
            }
        }
    }

    /// Four bytes of each at `offset`, in the lower halves of two words. Both reach at least to `offset + 4`.
    private static func pair(
        _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer, at offset: Int
    ) -> (UInt64, UInt64) {
        // Sound: what the caller vouches for.
        let first = unsafe left.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
        let second = unsafe right.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
        return (UInt64(first), UInt64(second))
    }

    /// True when the bytes begin with those of the literal.
    package func starts(with literal: StaticString) -> Bool {
        let expected = literal.bytes
        return count >= expected.count && extracting(first: expected.count).equals(expected)
    }
}
