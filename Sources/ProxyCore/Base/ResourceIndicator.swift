/// A protected resource as clients name it (RFC 8707 section 2).
package enum ResourceIndicator {
    /// An absolute URI without a fragment: a scheme (RFC 3986 section 3.1), a colon, and something behind it.
    package static func isValid(_ text: String) -> Bool {
        guard let colon = text.utf8.firstIndex(of: ASCII.colon), let first = text.utf8.first, ASCII.isLetter(first),
            text.utf8.index(after: colon) < text.utf8.endIndex
        else { return false }
        return text.utf8[..<colon].allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || "+-.".utf8.contains($0) }
            && text.utf8.allSatisfy { $0 > ASCII.space && $0 < ASCII.delete && $0 != ASCII.hash }
    }
}
