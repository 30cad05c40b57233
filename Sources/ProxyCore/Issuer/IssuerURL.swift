/// The issuer identifier (RFC 8414 section 2), and what lies below it.
package struct IssuerURL: Sendable, Equatable {
    /// Exactly as it is in tokens and metadata.
    package let name: String
    /// Without the slash at its end: what the endpoints' addresses begin with.
    let base: String
    /// Of `base`: empty, or a slash and what follows.
    package let path: String

    /// nil for what is no http or https URL, or has a query, a fragment, a user name, or a path that would have to be
    /// encoded or resolved.
    package init?(_ text: String) {
        let scheme = text.utf8.starts(with: "https://".utf8) ? 8 : text.utf8.starts(with: "http://".utf8) ? 7 : 0
        guard scheme > 0 else { return nil }
        let rest = text.dropFirst(scheme)
        let authority = rest.prefix { $0 != "/" }
        let path = rest[authority.endIndex...]
        let isHost = authority.utf8.allSatisfy {
            ASCII.isLetter($0) || ASCII.isDigit($0) || "-._:[]".utf8.contains($0)
        }
        guard !authority.isEmpty, authority.utf8.first != ASCII.colon, isHost else { return nil }
        let base = path.utf8.last == ASCII.slash ? path.dropLast() : path
        for segment in base.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            guard !segment.isEmpty, segment != ".", segment != "..",
                segment.utf8.allSatisfy({ ASCII.isUnreserved($0) })
            else { return nil }
        }
        name = text
        self.path = String(base)
        self.base = String(text.prefix(scheme)) + authority + base
    }

    func endpoint(_ path: String) -> String { base + path }

    /// Where its metadata is (RFC 8414 section 3.1: between host and path).
    package var metadataAddress: String { String(base.dropLast(path.count)) + metadataPath }

    var metadataPath: String { "/.well-known/oauth-authorization-server" + path }
}
