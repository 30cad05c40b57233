/// The content of a request as `application/x-www-form-urlencoded` (RFC 6749 appendix B).
package struct FormContent {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// Appends one parameter. The same name may come several times.
    package mutating func append(_ name: StaticString, _ value: String) {
        if !bytes.isEmpty { bytes.append(0x26) }
        bytes += name.bytes.copied()
        bytes.append(ASCII.equals)
        bytes += Self.encode(value)
    }

    /// A space as `+`, letters, digits and `*-._` as they are, every other octet of UTF-8 as `%XX`.
    package static func encode(_ text: String) -> [UInt8] {
        var encoded: [UInt8] = []
        for byte in text.utf8 {
            if byte == ASCII.space {
                encoded.append(ASCII.plus)
            } else if ASCII.isUnreserved(byte) && byte != ASCII.tilde || byte == ASCII.asterisk {
                encoded.append(byte)
            } else {
                encoded += [ASCII.percent, upperHexDigit(byte >> 4), upperHexDigit(byte & 15)]
            }
        }
        return encoded
    }

    private static func upperHexDigit(_ value: UInt8) -> UInt8 {
        let digit = ASCII.hexDigit(value)
        return ASCII.isLowercase(digit) ? digit - 0x20 : digit
    }
}
