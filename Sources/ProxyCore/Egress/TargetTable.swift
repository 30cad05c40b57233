/// Which target a call is for: by its `Host`, else by the longest prefix of its path. Immutable.
package struct TargetTable: Sendable {
    private struct HostRow: Sendable {
        let name: [UInt8]
        let port: UInt16?
        let target: Int
    }

    private struct PrefixRow: Sendable {
        let prefix: [UInt8]
        let target: Int
    }

    private var hosts: [HostRow] = []
    /// The longest first.
    private var prefixes: [PrefixRow] = []
    /// Calls from elsewhere are wanted, by whatever name.
    let acceptsAnyHost: Bool

    /// - Parameter acceptsAnyHost: prefixes count whatever host a call names. Otherwise it has to be this machine's
    ///   loopback: a page in a browser here, whose host is a stranger's name, must not get calls through.
    package init(_ matches: [OutgoingTarget.Match], acceptsAnyHost: Bool) {
        self.acceptsAnyHost = acceptsAnyHost
        for (target, match) in matches.enumerated() {
            switch match {
            case .host(let name, let port): hosts.append(HostRow(name: Array(name.utf8), port: port, target: target))
            case .pathPrefix(let prefix): prefixes.append(PrefixRow(prefix: Array(prefix.utf8), target: target))
            }
        }
        prefixes.sort { $0.prefix.count > $1.prefix.count }
        // A row with a port is the more particular one.
        hosts = hosts.filter { $0.port != nil } + hosts.filter { $0.port == nil }
    }

    /// The target's place in the configuration, or nil. Allocates nothing.
    ///
    /// - Parameters:
    ///   - authority: the host that is asked for, and perhaps a port; empty when an HTTP/1.0 request names none.
    ///   - path: begins with a slash.
    package func target(authority: Span<UInt8>, path: Span<UInt8>) -> Int? {
        let (host, port) = Self.split(authority)
        for index in hosts.indices {
            let row = hosts[index]
            guard row.name.span.equalsIgnoringCase(host) else { continue }
            if row.port == nil || row.port == port { return row.target }
        }
        guard acceptsAnyHost || host.isEmpty || Self.isLoopback(host) else { return nil }
        for index in prefixes.indices {
            let row = prefixes[index]
            if Self.begins(path, with: row.prefix.span) { return row.target }
        }
        return nil
    }

    private static func begins(_ path: Span<UInt8>, with prefix: Span<UInt8>) -> Bool {
        guard path.count >= prefix.count, path.extracting(first: prefix.count).equals(prefix) else { return false }
        return path.count == prefix.count || path[prefix.count] == ASCII.slash
    }

    /// The host without its brackets, and the port: nil for none. The parser has checked the form.
    @_lifetime(copy authority)
    private static func split(_ authority: Span<UInt8>) -> (host: Span<UInt8>, port: UInt16?) {
        var end = authority.count
        while end > 0, ASCII.isDigit(authority[end - 1]) { end -= 1 }
        var port: UInt16?
        var hostEnd = authority.count
        if end > 0, authority[end - 1] == ASCII.colon {
            hostEnd = end - 1
            port = FieldValue.decimal(authority.extracting(end..<authority.count)).flatMap(UInt16.init(exactly:))
        }
        let isBracketed = hostEnd > 2 && authority[0] == 0x5B && authority[hostEnd - 1] == 0x5D
        return (isBracketed ? authority.extracting(1..<(hostEnd - 1)) : authority.extracting(first: hostEnd), port)
    }

    private static func isLoopback(_ host: Span<UInt8>) -> Bool {
        host.equalsIgnoringCase("localhost") || host.equals("127.0.0.1") || host.equals("::1")
    }
}
