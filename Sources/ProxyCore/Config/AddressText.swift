/// `host:port` as people write it: a name, an IPv4 address, or an IPv6 address in brackets.
struct AddressText {
    /// In lower case and without brackets.
    let host: String
    let port: UInt16?

    /// nil when the text is none. The port may be missing.
    init?(_ text: some StringProtocol) {
        let name: String
        let rest: Substring
        let text = String(text)
        if text.utf8.first == 0x5B {
            guard let close = text.firstIndex(of: "]") else { return nil }
            name = String(text[text.index(after: text.startIndex)..<close])
            rest = text[text.index(after: close)...]
            guard name.utf8.contains(ASCII.colon), IPAddress(name) != nil else { return nil }
        } else {
            let end = text.firstIndex(of: ":") ?? text.endIndex
            name = String(text[..<end])
            rest = text[end...]
            guard Self.isName(name) else { return nil }
        }
        host = name.lowercased()
        if rest.isEmpty {
            port = nil
        } else {
            let digits = rest.dropFirst()
            let isNumber = (1...5).contains(digits.utf8.count) && digits.utf8.allSatisfy(ASCII.isDigit)
            guard rest.utf8.first == ASCII.colon, isNumber, let number = UInt16(digits) else { return nil }
            port = number
        }
    }

    /// A host name (RFC 1123 section 2.1, underscores tolerated) or an IPv4 address.
    private static func isName(_ text: String) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        // What ends in a number is an address and nothing else (WHATWG URL, "ends in a number checker").
        if let last = labels.last, last.utf8.allSatisfy(ASCII.isDigit) { return IPAddress(text) != nil }
        return labels.allSatisfy { label in
            !label.isEmpty && label.utf8.count <= 63
                && label.utf8.allSatisfy { byte in
                    ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == ASCII.hyphen || byte == ASCII.underscore
                }
        }
    }
}
