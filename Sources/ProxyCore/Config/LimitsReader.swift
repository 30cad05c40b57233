/// Reads `limits` and `timeouts`, of the top level and of routes, and `key_refresh`.
enum LimitsReader {
    /// A week: longer than anything an HTTP exchange waits for.
    private static let secondsMax = 604_800.0
    private static let countMax = 1_000_000
    /// As far as every JSON reader agrees about whole numbers.
    private static let bodyBytes = 0...(1 << 53)

    static func readLimits(_ value: ConfigurationValue) -> Limits {
        var limits = Limits()
        guard let object = value.object(.limits) else { return limits }
        func read(_ key: String, _ range: ClosedRange<Int>, _ target: WritableKeyPath<Limits, Int>) {
            if let number = object[key]?.integer(in: range) { limits[keyPath: target] = number }
        }
        read("head_bytes", 1024...Limits.headBytesMax, \.headBytes)
        read("fields", 1...Limits.fieldsMax, \.fields)
        // What is not set never exceeds what is.
        limits.targetBytes = min(limits.targetBytes, limits.headBytes)
        limits.tokenBytes = min(limits.tokenBytes, limits.headBytes)
        read("target_bytes", 64...Limits.headBytesMax, \.targetBytes)
        read("token_bytes", 256...Limits.headBytesMax, \.tokenBytes)
        read("connections", 1...countMax, \.connections)
        read("token_cache_entries", 1...countMax, \.tokenCacheEntries)
        read("parked_requests", 0...countMax, \.parkedRequests)
        if let bytes = object["body_bytes"]?.limit(in: bodyBytes) {
            limits.bodyBytes = bytes.applied(to: nil).map(UInt64.init)
        }
        if let rate = object["body_bytes_per_second"]?.limit(in: 1...countMax) {
            switch rate {
            case .inherited: break
            case .replaced(let count): limits.bodyBytesPerSecond = count.map(UInt64.init)
            }
        }
        if let connections = object["connections_per_address"]?.limit(in: 1...countMax) {
            limits.connectionsPerAddress = connections.applied(to: nil)
        }
        for key in ["target_bytes", "token_bytes"] {
            guard let number = object[key]?.json.integer, number > limits.headBytes else { continue }
            object[key]?.report("must not exceed head_bytes (\(limits.headBytes)), of which it is a part")
        }
        return limits
    }

    static func readTimeouts(_ value: ConfigurationValue) -> Timeouts {
        var timeouts = Timeouts()
        guard let object = value.object(.timeouts) else { return timeouts }
        func read(_ key: String, _ target: WritableKeyPath<Timeouts, Interval?>) {
            if let interval = readTimeout(object[key]) { timeouts[keyPath: target] = interval }
        }
        read("tls_handshake_seconds", \.tlsHandshake)
        read("request_head_seconds", \.requestHead)
        read("request_body_idle_seconds", \.requestBodyIdle)
        read("keep_alive_idle_seconds", \.keepAliveIdle)
        read("upstream_connect_seconds", \.upstreamConnect)
        read("upstream_first_byte_seconds", \.upstreamFirstByte)
        read("upstream_idle_seconds", \.upstreamIdle)
        read("tunnel_idle_seconds", \.tunnelIdle)
        if let least = readTimeout(object["keep_alive_min_seconds"]) { timeouts.keepAliveMin = least }
        let day = 0...86_400.0
        if let drain = object["drain_seconds"]?.seconds(in: day) { timeouts.drain = drain }
        if let grace = object["drain_grace_seconds"]?.seconds(in: day) { timeouts.drainGrace = grace }
        if let idle = object["drain_idle_seconds"]?.seconds(in: day) { timeouts.drainIdle = idle }
        return timeouts
    }

    static func readRouteOverrides(_ route: ConfigurationObject) -> RouteOverrides {
        var overrides = RouteOverrides()
        if let limits = route["limits"]?.object(.routeLimits), let bytes = limits["body_bytes"] {
            switch bytes.limit(in: bodyBytes) {
            case .inherited: break
            case .replaced(let count): overrides.bodyBytes = .replaced(count.map(UInt64.init))
            }
        }
        if let timeouts = route["timeouts"]?.object(.routeTimeouts) {
            if let interval = readTimeout(timeouts["upstream_first_byte_seconds"]) {
                overrides.upstreamFirstByte = .replaced(interval)
            }
            if let interval = readTimeout(timeouts["upstream_idle_seconds"]) {
                overrides.upstreamIdle = .replaced(interval)
            }
            if let interval = readTimeout(timeouts["tunnel_idle_seconds"]) {
                overrides.tunnelIdle = .replaced(interval)
            }
        }
        return overrides
    }

    static func readKeyRefresh(_ value: ConfigurationValue) -> KeyRefresh {
        var refresh = KeyRefresh()
        guard let object = value.object(.keyRefresh) else { return refresh }
        func read(_ key: String, _ range: ClosedRange<Double>, _ target: WritableKeyPath<KeyRefresh, Interval>) {
            if let interval = object[key]?.seconds(in: range) { refresh[keyPath: target] = interval }
        }
        read("min_seconds", 1...secondsMax, \.minLifetime)
        // What is not set follows what is.
        refresh.maxLifetime = max(refresh.maxLifetime, refresh.minLifetime)
        read("max_seconds", 1...secondsMax, \.maxLifetime)
        if !object.has("min_seconds") { refresh.minLifetime = min(refresh.minLifetime, refresh.maxLifetime) }
        refresh.defaultLifetime = min(max(refresh.defaultLifetime, refresh.minLifetime), refresh.maxLifetime)
        read("default_seconds", 1...secondsMax, \.defaultLifetime)
        read("cooldown_seconds", 0...3600, \.cooldown)
        read("fetch_timeout_seconds", 0.1...300, \.fetchTimeout)
        read("wait_seconds", 0...60, \.wait)
        read("stale_seconds", 0...2_592_000, \.stale)
        if refresh.minLifetime > refresh.maxLifetime {
            object["min_seconds"]?.report("must not exceed max_seconds")
        } else if refresh.defaultLifetime < refresh.minLifetime || refresh.defaultLifetime > refresh.maxLifetime {
            object["default_seconds"]?.report(
                "must lie between min_seconds (\(refresh.minLifetime.seconds)) "
                    + "and max_seconds (\(refresh.maxLifetime.seconds))")
        }
        return refresh
    }

    private static func readTimeout(_ value: ConfigurationValue?) -> Interval? {
        value?.seconds(in: 0.001...secondsMax)
    }
}
