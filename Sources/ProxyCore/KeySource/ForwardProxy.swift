/// A proxy of the operator's network through which key servers are reached.
package struct ForwardProxy: Sendable, Equatable {
    package enum Problem: Error, Sendable, Equatable {
        case notHTTP
        case badAddress
        case badCredentials

        var message: StaticString {
            switch self {
            case .notHTTP: "only proxies that are spoken to by http:// are supported"
            case .badAddress: "expected http://host:port, or http://user:password@host:port"
            case .badCredentials: "user name or password are not percent-encoded as a URL wants it"
            }
        }
    }

    package let host: String
    package let port: UInt16
    /// The value of `Proxy-Authorization` (RFC 7617). A secret.
    package let authorization: String?

    /// What curl takes a proxy without a port to mean.
    private static let defaultPort: UInt16 = 1080
    /// Longer than any that works: a request has to hold it.
    private static let bytesMax = 8192

    /// Reads `http://user:password@host:port`, of which only the host is needed.
    package init(_ text: String) throws(Problem) {
        guard text.utf8.count <= Self.bytesMax else { throw .badAddress }
        var rest = text[...]
        if let mark = Self.endOfScheme(text) {
            guard text[..<mark].lowercased() == "http" else { throw .notHTTP }
            rest = text[mark...].dropFirst(3)
        }
        rest = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if let at = rest.lastIndex(of: "@") {
            authorization = try Self.readCredentials(rest[..<at])
            rest = rest[rest.index(after: at)...]
        } else {
            authorization = nil
        }
        do throws(KeyLocation.Problem) {
            let location = try KeyLocation("http://\(rest)/")
            host = location.host
            port = Self.hasPort(rest) ? location.port : Self.defaultPort
        } catch {
            throw .badAddress
        }
    }

    /// Where `://` begins.
    private static func endOfScheme(_ text: String) -> String.Index? {
        text.indices.first { text[$0...].utf8.starts(with: "://".utf8) }
    }

    private static func hasPort(_ authority: Substring) -> Bool {
        let afterAddress = authority.lastIndex(of: "]").map { authority[$0...] } ?? authority
        return afterAddress.utf8.contains(ASCII.colon)
    }

    private static func readCredentials(_ text: Substring) throws(Problem) -> String {
        let colon = text.firstIndex(of: ":")
        let user = text[..<(colon ?? text.endIndex)]
        let password = colon.map { text[text.index(after: $0)...] } ?? ""
        let pair = try decode(user) + [ASCII.colon] + decode(password)
        return "Basic \(String(decoding: Base64.encode(pair.span), as: UTF8.self))"
    }

    private static func decode(_ text: Substring) throws(Problem) -> [UInt8] {
        let bytes = Array(text.utf8)
        var decoded: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == ASCII.percent {
                guard let octet = PercentEncoding.octet(at: index, in: bytes.span) else { throw .badCredentials }
                decoded.append(octet)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return decoded
    }
}
