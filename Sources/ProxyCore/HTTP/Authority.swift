/// The value of a `Host` field: `uri-host [ ":" port ]` (RFC 9110 section 7.2, RFC 3986 section 3.2.2).
enum Authority {
    /// True for a name or address and perhaps a port. Stricter than the grammar in two things: the host cannot be
    /// empty, since it names nothing then, and holds no percent-encoding, which no name in use has and which programs
    /// undo differently.
    static func isValid(_ text: Span<UInt8>) -> Bool {
        guard !text.isEmpty else { return false }
        let hostEnd = text[0] == leftBracket ? endOfLiteral(text) : endOfName(text)
        guard hostEnd > 0 else { return false }
        return hostEnd == text.count || isPort(text.extracting(hostEnd..<text.count))
    }

    private static let leftBracket: UInt8 = 0x5B
    private static let rightBracket: UInt8 = 0x5D

    /// The end of the IPv6 address in brackets, or 0.
    private static func endOfLiteral(_ text: Span<UInt8>) -> Int {
        var index = 1
        while index < text.count, isAddressCharacter(text[index]) { index += 1 }
        guard index > 2, index < text.count, text[index] == rightBracket else { return 0 }
        return index + 1
    }

    private static func isAddressCharacter(_ byte: UInt8) -> Bool {
        ASCII.hexValue(byte) != nil || byte == ASCII.colon || byte == ASCII.dot
    }

    private static func endOfName(_ text: Span<UInt8>) -> Int {
        var index = 0
        while index < text.count, isNameCharacter(text[index]) { index += 1 }
        return index
    }

    /// `unreserved` and `sub-delims` of RFC 3986.
    private static func isNameCharacter(_ byte: UInt8) -> Bool {
        if ASCII.isUnreserved(byte) { return true }
        return switch byte {
        case 0x21, 0x24, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x2B, 0x2C, 0x3B, 0x3D: true
        case _: false
        }
    }

    /// True for a colon and a port that exists, or nothing behind the colon, which the grammar allows.
    private static func isPort(_ text: Span<UInt8>) -> Bool {
        guard text[0] == ASCII.colon, text.count <= 6 else { return false }
        if text.count == 1 { return true }
        guard let port = FieldValue.decimal(text.extracting(1..<text.count)) else { return false }
        return port <= 65_535
    }
}
