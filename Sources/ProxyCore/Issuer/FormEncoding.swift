/// The encoding of `application/x-www-form-urlencoded` (RFC 6749 appendix B, WHATWG URL section 5.1), strictly.
enum FormEncoding {
    /// The text that `encoded` stands for: `+` is a space and `%XX` an octet of UTF-8. Nil for a triplet that is none,
    /// for what has to be encoded and is not, for control characters, and for what is not UTF-8.
    static func decode(_ encoded: Span<UInt8>) -> String? {
        var octets: [UInt8] = []
        octets.reserveCapacity(encoded.count)
        var index = 0
        while index < encoded.count {
            let byte = encoded[index]
            guard byte > ASCII.space, byte < ASCII.delete else { return nil }
            if byte == ASCII.percent {
                guard let octet = PercentEncoding.octet(at: index, in: encoded) else { return nil }
                guard !ASCII.isControl(octet) else { return nil }
                octets.append(octet)
                index += 3
            } else {
                octets.append(byte == ASCII.plus ? ASCII.space : byte)
                index += 1
            }
        }
        do { return String(copying: try UTF8Span(validating: octets.span)) } catch { return nil }
    }
}
