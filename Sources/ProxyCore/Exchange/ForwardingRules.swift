/// How requests are changed on their way to the application (`upstream`, `forward_token`, `trusted_proxies`).
package struct ForwardingOptions: Sendable, Equatable {
    /// Which `Host` the application sees.
    package enum HostHeader: Sendable, Equatable {
        /// The caller's.
        case preserve
        /// The upstream's own.
        case upstream
    }

    package struct SetField: Sendable, Equatable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package var hostHeader = HostHeader.preserve
    /// The upstream's `host[:port]`, for `HostHeader.upstream` and for callers that send no `Host` (HTTP/1.0).
    package var upstreamAuthority: String
    /// Fields that the proxy sets on every request in place of the caller's.
    package var setFields: [SetField] = []
    /// Whether the application gets the caller's `Authorization`.
    package var forwardsToken = false
    /// The peers whose `X-Forwarded-*`, `Forwarded` and `X-Request-Id` are kept.
    package var trustedProxies: [CIDR] = []

    package init(upstreamAuthority: String) { self.upstreamAuthority = upstreamAuthority }
}

/// `ForwardingOptions` in the form that the data path uses. Immutable; one for each worker and reload, by reference,
/// since handing it to a function would otherwise copy a dozen references for each request.
final class ForwardingRules {
    let hostHeader: ForwardingOptions.HostHeader
    let upstreamAuthority: [UInt8]
    let forwardsToken: Bool
    /// The lines of `setFields`, ready to send.
    let setLines: [UInt8]
    private let setNames: [[UInt8]]
    private let trustedProxies: [CIDR]
    private let identity: IdentityFields?

    /// - Parameter identity: nil for outgoing calls, on which nobody's identity is vouched for.
    init(_ options: ForwardingOptions, identity: IdentityFields?) {
        hostHeader = options.hostHeader
        upstreamAuthority = Array(options.upstreamAuthority.utf8)
        forwardsToken = options.forwardsToken
        setLines = options.setFields.flatMap { Array("\($0.name): \($0.value)\r\n".utf8) }
        setNames = options.setFields.map { Array($0.name.utf8) }
        trustedProxies = options.trustedProxies
        self.identity = identity
    }

    func trusts(_ peer: SocketAddress) -> Bool {
        guard !trustedProxies.isEmpty, let address = peer.ipAddress else { return false }
        return trustedProxies.contains { $0.contains(address) }
    }

    /// True when the proxy sets a field of this name itself, or one that an application may take for it.
    func isReserved(_ name: Span<UInt8>) -> Bool {
        if let identity, identity.isReserved(name) { return true }
        for setName in setNames where FieldNameFolding.same(name, setName.span) { return true }
        return false
    }

    /// True when the field `name` is one that we set or depend on, so that `Connection` cannot make us drop it.
    func isProtected(_ id: FieldName) -> Bool {
        switch id {
        case .host, .contentLength, .contentType, .authorization, .forwarded, .override, .proxy, .traceparent,
            .tracestate, .xDisguised, .xForwardedFor, .xForwardedHost, .xForwardedOther, .xForwardedProto,
            .xRealIP, .xRequestID:
            true
        case .accept, .age, .cacheControl, .connection, .cookie, .date, .expect, .http2Settings, .keepAlive, .location,
            .other, .proxyAuthenticate, .proxyAuthorization, .proxyConnection, .retryAfter, .server, .setCookie, .te,
            .trailer, .transferEncoding, .upgrade, .via, .wwwAuthenticate:
            false
        }
    }
}
