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
        for index in indices where ASCII.lowercased(self[index]) != expected[index] { return false }
        return true
    }

    /// True when the bytes begin with those of the literal.
    package func starts(with literal: StaticString) -> Bool {
        let expected = literal.bytes
        return count >= expected.count && extracting(first: expected.count).equals(expected)
    }
}
