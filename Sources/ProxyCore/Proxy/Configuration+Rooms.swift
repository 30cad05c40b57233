// The configuration in the words of the rooms that work by it.

extension Configuration {
    var exchangeOptions: ExchangeOptions {
        var forwarding = ForwardingOptions(upstreamAuthority: upstream.authority)
        forwarding.hostHeader =
            switch upstream.hostHeader {
            case .preserve: .preserve
            case .upstream: .upstream
            }
        forwarding.setFields = upstream.setHeaders.map { .init(name: $0.name, value: $0.value) }
        forwarding.forwardsToken = forwardsToken
        forwarding.trustedProxies = trustedProxies
        var options = ExchangeOptions(forwarding: forwarding)
        options.limits = limits
        options.timeouts = timeouts
        options.realm = realm
        return options
    }

    var upstreamPoolOptions: UpstreamPoolOptions {
        var options = UpstreamPoolOptions()
        options.connectionsMax = upstream.maxConnections
        options.connect = timeouts.upstreamConnect
        options.tls = upstream.tls
        return options
    }
}
