/// The bounds on what a peer may make us hold or do (`limits` in routes.json). Each default says why it is that.
package struct Limits: Sendable, Equatable {
    /// Request line and fields together, in bytes: room for a 16 KiB token beside cookies. At most `headBytesMax`.
    package var headBytes = 32_768
    /// Field lines of one head. HAProxy allows 101; callers that are machines send a dozen.
    package var fields = 100
    /// The request target in bytes: the usual bound of servers and browsers.
    package var targetBytes = 8192
    /// A compact token in bytes.
    package var tokenBytes = 16_384
    /// A request body in bytes, counted without its framing; nil for no limit: bodies are streamed, not held.
    package var bodyBytes: UInt64?
    /// How fast a request body has to come on the whole, in bytes per second; nil for no limit. Whoever sends one byte
    /// now and then would hold a connection to the application for ever. What Kestrel asks for.
    package var bodyBytesPerSecond: UInt64? = 240
    /// Client connections of the whole process.
    package var connections = 10_000
    /// Client connections of one address; nil for no limit, since callers may share a gateway's address. Of IPv6 a
    /// network of 64 bits counts as one address: that is what one caller has at least.
    package var connectionsPerAddress: Int?
    /// Verified tokens that one worker remembers.
    package var tokenCacheEntries = 10_000
    /// Requests that may wait for a key, for each issuer and worker.
    package var parkedRequests = 1000

    /// Offsets into a head and the connection's buffers are sized for this.
    package static let headBytesMax = 65_535
    /// The table of fields has this many places.
    package static let fieldsMax = 256

    package init() {}
}

/// How long the proxy waits for what (`timeouts` in routes.json). A nil interval never runs out.
package struct Timeouts: Sendable, Equatable {
    /// From the acceptance of a connection to the end of its TLS handshake.
    package var tlsHandshake: Interval? = .seconds(10)
    /// From the first byte of a request head to its last.
    package var requestHead: Interval? = .seconds(10)
    /// Between two pieces of a request body.
    package var requestBodyIdle: Interval? = .seconds(30)
    /// A connection on which no request is under way.
    package var keepAliveIdle: Interval? = .seconds(75)
    /// For so long such a connection is kept though there is no place for another one. A caller that has just
    /// connected, or that is between two requests, has sent something by then.
    package var keepAliveMin: Interval = .seconds(1)
    /// Until the upstream has taken the connection, waiting for a free one included.
    package var upstreamConnect: Interval? = .seconds(5)
    /// From the last byte of the request to the first byte of the response.
    package var upstreamFirstByte: Interval? = .seconds(60)
    /// Between two pieces of a response, whichever side keeps the other waiting.
    package var upstreamIdle: Interval? = .seconds(60)
    /// While nothing goes either way through a WebSocket connection. Longer than what clients usually leave between two
    /// pings, so that only those that are gone run into it.
    package var tunnelIdle: Interval? = .seconds(300)
    /// From SIGTERM until no more connections are accepted: load balancers go on sending for a while.
    package var drainGrace: Interval = .zero
    /// While the proxy drains, a connection on which no request is under way. Closing one may cross a request that was
    /// just sent on it: callers that use theirs more often than this never see that.
    package var drainIdle: Interval = .seconds(2)
    /// From the end of the grace until what is still under way is cut.
    package var drain: Interval = .seconds(30)

    /// From SIGTERM to the end, at most.
    package var drainTotal: Interval { Interval(nanoseconds: drainGrace.nanoseconds + drain.nanoseconds) }

    package init() {}
}

/// What a route may set differently from the top level; nil members leave that as it is.
package struct RouteOverrides: Sendable, Equatable {
    /// An override that can also say "no limit", which nil alone could not.
    package enum Override<Value: Sendable & Equatable>: Sendable, Equatable {
        case inherited
        case replaced(Value?)

        package func applied(to value: Value?) -> Value? {
            switch self {
            case .inherited: value
            case .replaced(let replacement): replacement
            }
        }
    }

    package var bodyBytes: Override<UInt64> = .inherited
    package var upstreamFirstByte: Override<Interval> = .inherited
    package var upstreamIdle: Override<Interval> = .inherited
    package var tunnelIdle: Override<Interval> = .inherited
    /// A response that is still under way when the caller's token expires is broken off.
    package var cutsAtExpiry = false

    package init() {}
}

/// How an issuer's keys are kept current (`key_refresh` in routes.json).
package struct KeyRefresh: Sendable, Equatable {
    /// The lifetime of a key set whose response names none.
    package var defaultLifetime: Interval = .seconds(600)
    /// The shortest lifetime that a response's `Cache-Control: max-age` can ask for.
    package var minLifetime: Interval = .seconds(60)
    /// The longest one.
    package var maxLifetime: Interval = .seconds(86_400)
    /// After a refetch for an unknown `kid`, no other one for this long.
    package var cooldown: Interval = .seconds(30)
    /// Connecting and reading the whole document.
    package var fetchTimeout: Interval = .seconds(5)
    /// How long a request waits for a refetch before it is refused.
    package var wait: Interval = .seconds(2)
    /// How long keys are kept after the last successful fetch while the key server fails.
    package var stale: Interval = .seconds(86_400)

    package init() {}
}
