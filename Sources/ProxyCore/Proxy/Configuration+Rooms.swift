// The configuration in the words of the rooms that work by it.

extension Configuration {
    var exchangeOptions: ExchangeOptions {
        var forwarding = upstream.forwardingOptions
        forwarding.forwardsToken = forwardsToken
        forwarding.trustedProxies = trustedProxies
        var options = ExchangeOptions(forwarding: forwarding)
        options.limits = limits
        options.timeouts = timeouts
        options.realm = realm
        return options
    }

    var upstreamPoolOptions: UpstreamPoolOptions { upstream.poolOptions(connect: timeouts.upstreamConnect) }

    /// For the service's own calls: the same bounds, but for what callers may upload.
    var outgoingExchangeOptions: ExchangeOptions {
        var options = ExchangeOptions(forwarding: ForwardingOptions(upstreamAuthority: ""))
        options.limits = limits
        options.limits.bodyBytes = nil
        options.limits.bodyBytesPerSecond = nil
        options.timeouts = timeouts
        return options
    }
}

extension UpstreamSettings {
    var forwardingOptions: ForwardingOptions {
        var forwarding = ForwardingOptions(upstreamAuthority: authority)
        forwarding.hostHeader =
            switch hostHeader {
            case .preserve: .preserve
            case .upstream: .upstream
            }
        forwarding.setFields = setHeaders.map { .init(name: $0.name, value: $0.value) }
        return forwarding
    }

    /// - Parameter connect: how long a request waits for a connection.
    func poolOptions(connect: Interval?) -> UpstreamPoolOptions {
        var options = UpstreamPoolOptions()
        options.connectionsMax = maxConnections
        options.connect = connect
        options.tls = tls
        return options
    }
}
