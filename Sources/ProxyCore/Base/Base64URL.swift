/// The base64url encoding of RFC 4648 section 5 without padding, as RFC 7515 section 2 wants it.
package enum Base64URL {
    /// The bytes that `text` stands for, or nil when it is not the one encoding of them.
    ///
    /// Strict, so that no two texts mean the same bytes: no padding, no white space, no other alphabet, and the bits
    /// of the last character that no byte uses are zero (RFC 4648 section 3.5).
    package static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        let remainder = text.count % 4
        guard remainder != 1 else { return nil }
        // Every character contributes its six bits; one outside the alphabet sets a bit that no valid one has.
        var seen: UInt8 = 0
        let quads = text.count / 4
        var decoded: [UInt8] = []
        decoded.append(addingCapacity: text.count / 4 * 3 + max(remainder - 1, 0)) { output in
            for quad in 0..<quads {
                let first = values[text[quad * 4]]
                let second = values[text[quad * 4 + 1]]
                let third = values[text[quad * 4 + 2]]
                let fourth = values[text[quad * 4 + 3]]
                seen |= first | second | third | fourth
                output.append(first << 2 | second >> 4)
                output.append(second << 4 | third >> 2)
                output.append(third << 6 | fourth)
            }
            guard remainder > 0 else { return }
            let first = values[text[quads * 4]]
            let second = values[text[quads * 4 + 1]]
            let third = remainder == 3 ? values[text[quads * 4 + 2]] : 0
            let unused = remainder == 3 ? third & 0x03 : second & 0x0F
            seen |= first | second | third | (unused == 0 ? 0 : invalid)
            output.append(first << 2 | second >> 4)
            if remainder == 3 { output.append(second << 4 | third >> 2) }
        }
        return seen < 64 ? decoded : nil
    }

    /// The encoding of `bytes`.
    package static func encode(_ bytes: Span<UInt8>) -> [UInt8] {
        // Looked up, since what decides by comparing is guessed wrong by the processor for every other character.
        let alphabet = alphabet
        var encoded: [UInt8] = []
        encoded.append(addingCapacity: (bytes.count * 4 + 2) / 3) { output in
            var index = 0
            while index + 2 < bytes.count {
                let (first, second, third) = (bytes[index], bytes[index + 1], bytes[index + 2])
                output.append(alphabet[Int(first >> 2)])
                output.append(alphabet[Int((first << 4 | second >> 4) & 0x3F)])
                output.append(alphabet[Int((second << 2 | third >> 6) & 0x3F)])
                output.append(alphabet[Int(third & 0x3F)])
                index += 3
            }
            guard index < bytes.count else { return }
            let first = bytes[index]
            let second = index + 1 < bytes.count ? bytes[index + 1] : 0
            output.append(alphabet[Int(first >> 2)])
            output.append(alphabet[Int((first << 4 | second >> 4) & 0x3F)])
            if index + 1 < bytes.count { output.append(alphabet[Int(second << 2 & 0x3F)]) }
        }
        return encoded
    }

    private static let alphabet = InlineArray<64, UInt8> { character(UInt8($0)) }

    private static let invalid: UInt8 = 0x80
    private static let values = SextetTable(invalid: invalid)

    fileprivate static func character(_ value: UInt8) -> UInt8 {
        switch value {
        case 0..<26: 0x41 + value
        case 26..<52: 0x61 + value - 26
        case 52..<62: 0x30 + value - 52
        case 62: ASCII.hyphen
        case _: ASCII.underscore
        }
    }
}

/// The value of each character of the alphabet; a bit above the sixth for all others.
private struct SextetTable: Sendable {
    private var values: InlineArray<256, UInt8>

    init(invalid: UInt8) {
        var values = InlineArray<256, UInt8>(repeating: invalid)
        for value in 0..<64 { values[Int(Base64URL.character(UInt8(value)))] = UInt8(value) }
        self.values = values
    }

    subscript(character: UInt8) -> UInt8 { values[Int(character)] }
}
