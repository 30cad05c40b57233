import ProxyCore

/// `WWW-Authenticate` of a response: what is taken for the refusal of a token is what a reader finds that first cuts
/// the field into words; and what stands in other challenges changes nothing.
final class ChallengeTarget: FuzzTarget {
    func run(_ input: Span<UInt8>) {
        let bytes = input.copied()
        let refuses = BearerChallenge.refusesToken(bytes.span)
        require(refuses == PlainChallenges(bytes).refuseToken, "another reader finds otherwise")
        let text = String(decoding: bytes, as: UTF8.self).lowercased()
        let isThere = text.contains("bearer") && text.contains("error") && text.contains("invalid_token")
        require(!refuses || isThere, "the words are there")
        for other in [#"Basic realm="Bearer, error=invalid_token", "#, "Negotiate YQ==, ", " ,\t, "] {
            let behind = Array(other.utf8) + bytes
            // A parameter or a token68 at the beginning belongs to what now stands before it.
            guard PlainChallenges(bytes).beginsWithScheme else { continue }
            require(BearerChallenge.refusesToken(behind.span) == refuses, "another challenge changes it")
        }
        let before = Array(#"Bearer error="invalid_token", "#.utf8) + bytes
        require(BearerChallenge.refusesToken(before.span), "what follows takes nothing back")
    }
}

/// A list of challenges, cut into words first and read then.
private struct PlainChallenges {
    private enum Word: Equatable {
        case token([UInt8])
        case quoted([UInt8])
        case token68
        case equals
        case end
    }

    private var words: [Word] = []

    var beginsWithScheme: Bool {
        guard case .token? = words.first else { return false }
        return words.dropFirst().first != .equals
    }

    var refuseToken: Bool {
        var rest = words[...]
        var scheme: [UInt8] = []
        while case .token(let name)? = rest.popFirst() {
            guard rest.first == .equals else {
                scheme = Self.lower(name)
                if rest.first == .token68 { rest.removeFirst() }
                continue
            }
            rest.removeFirst()
            var argument: [UInt8] = []
            switch rest.first {
            case .token(let value), .quoted(let value):
                argument = value
                rest.removeFirst()
            case .end: return false
            case .token68, .equals, nil: break
            }
            let isError = scheme == Array("bearer".utf8) && Self.lower(name) == Array("error".utf8)
            if isError, argument == Array("invalid_token".utf8) { return true }
        }
        return false
    }

    private static func lower(_ text: [UInt8]) -> [UInt8] { text.map { 0x41...0x5A ~= $0 ? $0 + 0x20 : $0 } }
    private static let space = Array(" \t".utf8)
    private static let punctuation = Array("!#$%&'*+-.^_`|~".utf8)

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        0x30...0x39 ~= byte || 0x41...0x5A ~= byte || 0x61...0x7A ~= byte
    }

    init(_ bytes: [UInt8]) {
        var rest = bytes[...]
        var isBehindComma = false
        while let first = rest.first {
            defer { if !Self.space.contains(first) { isBehindComma = first == 0x2C } }
            if Self.space.contains(first) || first == 0x2C {
                rest.removeFirst()
            } else if first == 0x3D {
                // Nothing begins with it, and the word before the comma is another challenge's.
                guard !isBehindComma else {
                    words.append(.end)
                    return
                }
                words.append(.equals)
                rest.removeFirst()
                rest = rest.drop { Self.space.contains($0) }
                // An argument may be empty, and then what follows the comma is a word of its own.
                if rest.first == 0x2C { words.append(.token([])) }
            } else if first == 0x22 {
                guard let text = Self.quoted(&rest) else {
                    words.append(.end)
                    return
                }
                words.append(.quoted(text))
            } else {
                let token = Array(rest.prefix { Self.isAlphanumeric($0) || Self.punctuation.contains($0) })
                guard !token.isEmpty else {
                    words.append(.end)
                    return
                }
                rest = rest.dropFirst(token.count)
                let isArgument = words.last == .equals
                words.append(.token(token))
                if !isArgument { takeToken68(&rest) }
            }
        }
    }

    private static func quoted(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        var text: [UInt8] = []
        rest.removeFirst()
        while let byte = rest.popFirst() {
            if byte == 0x22 { return text }
            text.append(byte)
            if byte == 0x5C, let escaped = rest.popFirst() { text.append(escaped) }
        }
        return nil
    }

    /// What stands alone between a scheme and a comma or the end.
    private mutating func takeToken68(_ rest: inout ArraySlice<UInt8>) {
        let behind = rest.drop { Self.space.contains($0) }
        let word = behind.prefix { !Self.space.contains($0) && $0 != 0x2C }
        let after = behind.dropFirst(word.count).drop { Self.space.contains($0) }
        let trimmed = word.reversed().drop { $0 == 0x3D }
        guard behind.count < rest.count, after.isEmpty || after.first == 0x2C, !trimmed.isEmpty,
            trimmed.allSatisfy({ Self.isAlphanumeric($0) || Array("-._~+/".utf8).contains($0) })
        else { return }
        words.append(.token68)
        rest = behind.dropFirst(word.count)
    }
}
