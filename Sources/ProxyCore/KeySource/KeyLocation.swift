/// Where a key set, or a document that leads to one, lies on the network: an absolute https or http URL (RFC 9110
/// section 4.2) that can be asked for as it is.
package struct KeyLocation: Sendable, Equatable {
    package enum Scheme: String, Sendable {
        case http
        case https

        var defaultPort: UInt16 {
            switch self {
            case .http: 80
            case .https: 443
            }
        }
    }

    package enum Problem: Error, Sendable, Equatable {
        case notAnAddress
        case tooLong
        case badCharacter
        case credentials
        case fragment
        case badHost
        case badPort

        package var message: StaticString {
            switch self {
            case .notAnAddress: "is not an absolute https:// or http:// address"
            case .tooLong: "is longer than 8192 bytes"
            case .badCharacter: "holds a character that a URL cannot hold"
            case .credentials: "holds a user name or password"
            case .fragment: "holds a fragment"
            case .badHost: "has no valid host"
            case .badPort: "has no valid port"
            }
        }
    }

    package let scheme: Scheme
    /// A name in lower case, or an address; an IPv6 address is without its brackets.
    package let host: String
    package let port: UInt16
    /// Path and query, as they go into the request line.
    package let target: String

    /// Longer ones many servers refuse; and a server that sends us elsewhere must not make us hold what it likes.
    package static let bytesMax = 8192

    package init(_ text: String) throws(Problem) {
        guard text.utf8.count <= Self.bytesMax else { throw .tooLong }
        guard text.utf8.allSatisfy(Self.isAllowed) else { throw .badCharacter }
        guard let colon = text.firstIndex(of: ":"), let scheme = Scheme(rawValue: text[..<colon].lowercased()),
            text[colon...].utf8.starts(with: "://".utf8)
        else { throw .notAnAddress }
        let rest = text[colon...].dropFirst(3)
        guard !rest.isEmpty else { throw .notAnAddress }
        guard !text.utf8.contains(ASCII.hash) else { throw .fragment }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        self.scheme = scheme
        (host, port) = try Self.readAuthority(rest[..<end], scheme.defaultPort)
        let target = String(rest[end...])
        self.target = target.utf8.first == ASCII.slash ? target : "/" + target
    }

    /// The same server's `target`, which begins with a slash and is one that a location can have.
    func replacing(target: String) -> KeyLocation {
        KeyLocation(scheme: scheme, host: host, port: port, target: target)
    }

    private init(scheme: Scheme, host: String, port: UInt16, target: String) {
        self.scheme = scheme
        self.host = host
        self.port = port
        self.target = target
    }

    /// The value of the `Host` field.
    package var authority: String { port == scheme.defaultPort ? bracketedHost : authorityWithPort }

    /// What CONNECT asks for (RFC 9112 section 3.2.3).
    package var authorityWithPort: String { "\(bracketedHost):\(port)" }

    private var bracketedHost: String { host.utf8.contains(ASCII.colon) ? "[\(host)]" : host }

    /// The address without its query, for people.
    package var text: String { "\(origin)\(path)" }

    /// Scheme and authority.
    package var origin: String { "\(scheme.rawValue)://\(authority)" }

    /// The target without its query.
    var path: Substring { target.prefix { $0 != "?" } }

    /// True when the address cannot leave this machine, whatever a name server says.
    package var isLoopback: Bool { host == "localhost" || IPAddress(host)?.isLoopback == true }

    /// True when nobody on the way can put in an answer of their own: because of TLS, or for want of a way.
    package var isProtected: Bool { scheme == .https || isLoopback }

    /// Whether a redirect from here may lead to `target`. Only the same server may say where its keys are: whoever can
    /// make it redirect must not be able to replace them by others, nor have us call on strangers. From http to https
    /// the port changes of necessity.
    package func mayRedirect(to target: KeyLocation) -> Bool {
        guard host == target.host else { return false }
        return switch (scheme, target.scheme) {
        case (.http, .https): true
        case (.https, .http): false
        case (.http, .http), (.https, .https): port == target.port
        }
    }

    /// Where a `Location` field leads from here (RFC 3986 section 5.2). A fragment is dropped: it is not asked for.
    package func resolving(_ reference: String) throws(Problem) -> KeyLocation {
        let reference = String(reference.prefix { $0 != "#" })
        if reference.utf8.starts(with: "//".utf8) { return try KeyLocation("\(scheme.rawValue):\(reference)") }
        if Self.hasScheme(reference) { return try KeyLocation(reference) }
        let base: Substring
        switch reference.utf8.first {
        case nil: return self
        case ASCII.slash: base = ""
        case ASCII.question: base = path
        case _: base = path[...(path.lastIndex(of: "/") ?? path.startIndex)]
        }
        // Through the text again, so that what a server sends is held to the same rules.
        return try KeyLocation(origin + Self.removingDotSegments(base + reference))
    }

    /// The printable characters without those delimiters that RFC 3986 leaves out of its grammar; servers read them in
    /// ways of their own.
    private static func isAllowed(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && !"\"<>\\^`{|}".utf8.contains(byte)
    }

    private static func readAuthority(
        _ text: Substring, _ defaultPort: UInt16
    ) throws(Problem) -> (String, UInt16) {
        guard !text.utf8.contains(ASCII.at) else { throw .credentials }
        let name: Substring
        let rest: Substring
        if text.utf8.first == 0x5B {
            guard let close = text.firstIndex(of: "]") else { throw .badHost }
            name = text[text.index(after: text.startIndex)..<close]
            rest = text[text.index(after: close)...]
            guard name.utf8.contains(ASCII.colon), IPAddress(String(name)) != nil else { throw .badHost }
        } else {
            name = text.prefix { $0 != ":" }
            rest = text[name.endIndex...]
            guard isName(name) else { throw .badHost }
        }
        return (name.lowercased(), try readPort(rest) ?? defaultPort)
    }

    private static func isName(_ text: Substring) -> Bool {
        // No empty label: a name that begins with a dot stands for any below it where a certificate is checked.
        (1...253).contains(text.utf8.count)
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty }
            && text.utf8.allSatisfy { ASCII.isUnreserved($0) && $0 != ASCII.tilde }
    }

    /// Nil for an empty port, which is the default one (RFC 3986 section 3.2.3).
    private static func readPort(_ text: Substring) throws(Problem) -> UInt16? {
        if text.isEmpty { return nil }
        let digits = text.dropFirst()
        guard text.utf8.first == ASCII.colon else { throw .badHost }
        if digits.isEmpty { return nil }
        guard digits.utf8.allSatisfy(ASCII.isDigit), let port = UInt16(digits), port > 0 else { throw .badPort }
        return port
    }

    private static func hasScheme(_ reference: String) -> Bool {
        guard let colon = reference.utf8.firstIndex(of: ASCII.colon) else { return false }
        return !reference.utf8[..<colon].contains { $0 == ASCII.slash || $0 == ASCII.question }
    }

    /// RFC 3986 section 5.2.4, for a path that begins with a slash and may be followed by a query.
    private static func removingDotSegments(_ target: Substring) -> String {
        let path = target.prefix { $0 != "?" }
        var kept: [Substring] = []
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for (index, segment) in segments.enumerated() {
            let isLast = index == segments.count - 1
            if segment == ".." { _ = kept.popLast() }
            if segment == ".." || segment == "." {
                if isLast { kept.append("") }
            } else {
                kept.append(segment)
            }
        }
        return "/" + kept.joined(separator: "/") + target[path.endIndex...]
    }
}
