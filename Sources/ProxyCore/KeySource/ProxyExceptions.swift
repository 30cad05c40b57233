/// The hosts of `no_proxy`: names with all that is below them, addresses, blocks of addresses, or `*` for every host;
/// separated by commas or spaces. With a port behind it an entry is about that port only.
struct ProxyExceptions: Sendable, Equatable {
    private enum Entry: Sendable, Equatable {
        case every
        /// In lower case, without a dot at either end.
        case name(String, port: UInt16?)
        case addresses(CIDR, port: UInt16?)
    }

    private let entries: [Entry]

    init(_ text: String) {
        entries = text.split { $0 == "," || $0 == " " || $0 == "\t" }.compactMap(Self.entry)
    }

    func contain(_ location: KeyLocation) -> Bool {
        let address = IPAddress(location.host)
        return entries.contains { entry in
            switch entry {
            case .every: true
            case .name(let name, let port):
                address == nil && (port ?? location.port) == location.port && Self.isBelow(location.host, name)
            case .addresses(let block, let port):
                (port ?? location.port) == location.port && address.map(block.contains) ?? false
            }
        }
    }

    private static func entry(_ text: Substring) -> Entry? {
        if text == "*" { return .every }
        if let block = CIDR(String(text)) { return .addresses(block, port: nil) }
        var host = text
        var port: UInt16?
        if let colon = text.lastIndex(of: ":"), let number = UInt16(text[text.index(after: colon)...]) {
            host = text[..<colon]
            port = number
        }
        if host.utf8.first == 0x5B, host.utf8.last == 0x5D { host = host.dropFirst().dropLast() }
        if let block = CIDR(String(host)) { return .addresses(block, port: port) }
        if host.utf8.starts(with: "*.".utf8) { host = host.dropFirst() }
        let name = trimmed(host).lowercased()
        return name.isEmpty ? nil : .name(name, port: port)
    }

    private static func isBelow(_ host: String, _ name: String) -> Bool {
        let host = trimmed(host[...])
        return host == name[...] || host.utf8.count > name.utf8.count && host.hasSuffix(".\(name)")
    }

    private static func trimmed(_ name: Substring) -> Substring {
        var name = name
        if name.utf8.first == ASCII.dot { name = name.dropFirst() }
        if name.utf8.last == ASCII.dot { name = name.dropLast() }
        return name
    }
}
