/// What a response's `WWW-Authenticate` says of the token that the request carried (RFC 6750 section 3).
package enum BearerChallenge {
    /// True when the challenge of the scheme Bearer says `error="invalid_token"`. Other challenges, before or behind
    /// it, say nothing. What cannot be read says nothing either.
    package static func refusesToken(_ value: Span<UInt8>) -> Bool {
        var reader = ChallengeReader()
        return reader.findsInvalidToken(in: value)
    }
}

/// Reads a list of challenges (RFC 9110 section 11.6.1), as far as parameters tell schemes apart. Behind a scheme may
/// stand a `token68` instead of parameters.
private struct ChallengeReader {
    private var index = 0
    private var isBearer = false

    mutating func findsInvalidToken(in value: Span<UInt8>) -> Bool {
        while true {
            skip(value) { $0 == ASCII.space || $0 == ASCII.tab || $0 == ASCII.comma }
            let start = index
            skip(value, while: ASCII.isTokenCharacter)
            guard index > start else { return false }
            let name = value.extracting(start..<index)
            skip(value) { $0 == ASCII.space || $0 == ASCII.tab }
            guard index < value.count, value[index] == ASCII.equals else {
                isBearer = name.equalsIgnoringCase("bearer")
                if index > start + name.count { skipToken68(value) }
                continue
            }
            index += 1
            skip(value) { $0 == ASCII.space || $0 == ASCII.tab }
            guard let argument = argument(in: value) else { return false }
            if isBearer, name.equalsIgnoringCase("error"), argument.equals("invalid_token") { return true }
        }
    }

    /// Passes over what stands alone between the scheme and the end of its challenge.
    private mutating func skipToken68(_ value: Span<UInt8>) {
        var end = index
        while end < value.count, !Self.endsWord(value[end]) { end += 1 }
        // The same as a bearer token's b64token.
        guard BearerCredentials.isB64Token(value.extracting(index..<end)) else { return }
        var next = end
        while next < value.count, value[next] == ASCII.space || value[next] == ASCII.tab { next += 1 }
        if next == value.count || value[next] == ASCII.comma { index = end }
    }

    private static func endsWord(_ byte: UInt8) -> Bool {
        byte == ASCII.space || byte == ASCII.tab || byte == ASCII.comma
    }

    /// A token or a quoted string, without its quotes; what is escaped in it stays escaped.
    @_lifetime(copy value)
    private mutating func argument(in value: Span<UInt8>) -> Span<UInt8>? {
        guard index < value.count, value[index] == ASCII.quote else {
            let start = index
            skip(value, while: ASCII.isTokenCharacter)
            return value.extracting(start..<index)
        }
        index += 1
        let start = index
        while index < value.count, value[index] != ASCII.quote { index += value[index] == ASCII.backslash ? 2 : 1 }
        guard index < value.count else { return nil }
        index += 1
        return value.extracting(start..<(index - 1))
    }

    private mutating func skip(_ value: Span<UInt8>, while matches: (UInt8) -> Bool) {
        while index < value.count, matches(value[index]) { index += 1 }
    }
}
