/// Where the application listens.
package enum UpstreamAddress: Sendable, Equatable {
    /// A name, looked up by the system, or an address.
    case tcp(host: String, port: UInt16)
    case unix(path: String)

    /// Whether its connections would come to `listener`, as far as the text tells: of names it knows `localhost`.
    package func leads(to listener: SocketAddress) -> Bool {
        switch (self, listener) {
        case (.unix(let path), .unix(let other)): return path == other
        case (.tcp(let host, let port), .ip(let address, let listening)):
            guard port == listening else { return false }
            let names = host == "localhost" ? ["127.0.0.1", "::1"] : [host]
            return names.compactMap { IPAddress($0) }.contains { called in
                if called == address { return true }
                // One on :: has the callers of both families.
                if address.isUnspecified {
                    return (called.isLoopback || called.isUnspecified) && (called.isV4 || !address.isV4)
                }
                return called.isUnspecified && address.isLoopback && called.isV4 == address.isV4
            }
        case (.unix, .ip), (.tcp, .unix): return false
        }
    }
}

/// The application behind the proxy and how requests to it differ from those that came.
package struct UpstreamSettings: Sendable {
    /// What the upstream is told as `Host`.
    package enum HostHeader: Sendable, Equatable {
        /// What the caller sent.
        case preserve
        /// The upstream's own name and port.
        case upstream
    }

    /// A field that every request to the upstream carries, in place of the caller's fields of that name.
    package struct Field: Sendable, Equatable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package var address: UpstreamAddress
    /// For an upstream that is reached by TLS: whom to believe, and what to show. One for all workers.
    package var tls: TLSClientContext?
    /// What `tls` was made from; nil without TLS.
    package var tlsOrigin: TLSOrigin?
    package var hostHeader = HostHeader.preserve
    package var setHeaders: [Field] = []
    /// Connections of one worker.
    package var maxConnections = 256

    package init(address: UpstreamAddress) { self.address = address }

    /// The name in the upstream's certificate, and the files that were read. Connections made under the same origin may
    /// go on being used.
    package struct TLSOrigin: Sendable, Equatable {
        package var serverName: TLSServerName
        package var files: [WatchedFile]
    }

    /// Whether connections that were made for the other settings may be used for these.
    package func isReached(as other: UpstreamSettings) -> Bool {
        address == other.address && tlsOrigin == other.tlsOrigin
    }

    /// The upstream's name for a `Host` field (RFC 9110 section 7.2): `localhost` for a Unix socket.
    package var authority: String {
        switch address {
        case .unix: return "localhost"
        case .tcp(let host, let port):
            let name = host.utf8.contains(ASCII.colon) ? "[\(host)]" : host
            return port == (tls == nil ? 80 : 443) ? name : "\(name):\(port)"
        }
    }
}

extension UpstreamSettings: CustomStringConvertible {
    /// The address, as it is written in the file.
    package var description: String {
        switch address {
        case .tcp(let host, let port):
            let name = host.utf8.contains(ASCII.colon) ? "[\(host)]" : host
            return "\(tls == nil ? "http" : "https")://\(name):\(port)"
        case .unix(let path): return "unix:\(path)"
        }
    }
}
