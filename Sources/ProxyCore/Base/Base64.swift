/// The base64 encoding of RFC 4648 section 4, with padding.
package enum Base64 {
    /// The bytes that `text` stands for, or nil when it is not the one encoding of them. Strict, as `Base64URL` is.
    package static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var count = text.count
        while count > 0, text.count - count < 2, text[count - 1] == ASCII.equals { count -= 1 }
        var isOfThisAlphabet = true
        var unpadded: [UInt8] = []
        unpadded.append(addingCapacity: count) { output in
            for index in 0..<count {
                switch text[index] {
                case ASCII.hyphen, ASCII.underscore: isOfThisAlphabet = false
                case ASCII.plus: output.append(ASCII.hyphen)
                case ASCII.slash: output.append(ASCII.underscore)
                case let byte: output.append(byte)
                }
            }
        }
        return isOfThisAlphabet ? Base64URL.decode(unpadded.span) : nil
    }

    /// The encoding of `bytes`.
    package static func encode(_ bytes: Span<UInt8>) -> [UInt8] {
        let encoded = Base64URL.encode(bytes).map { byte -> UInt8 in
            switch byte {
            case ASCII.hyphen: ASCII.plus
            case ASCII.underscore: ASCII.slash
            case _: byte
            }
        }
        return encoded + [UInt8](repeating: ASCII.equals, count: (4 - encoded.count % 4) % 4)
    }
}
