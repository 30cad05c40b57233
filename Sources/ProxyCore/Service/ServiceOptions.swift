/// The bounds of a service: what a caller can make it hold, and for how long.
package struct ServiceOptions: Sendable {
    /// TLS to callers; nil where they speak plain HTTP.
    package var tls: TLSServerContext?
    /// From the acceptance of a connection to the end of the TLS handshake. Exceeded: closed.
    package var handshakeTimeout = Interval.seconds(10)
    /// Room for what browsers and client libraries send, which is a tenth of it.
    package var head = HeadLimits(headBytes: 16_384, fields: 100, targetBytes: 4096)
    /// The content of a request, in bytes. More is answered with 413.
    package var bodyBytes = 65_536
    /// From the first byte of a request to its last. Exceeded: 408.
    package var requestTimeout = Interval.seconds(10)
    /// A connection on which no request has begun. Exceeded: closed.
    package var keepAliveIdle = Interval.seconds(75)
    /// The same, once the service drains.
    package var drainIdle = Interval.seconds(2)
    /// How long a caller may take none of its response. Exceeded: reset.
    package var sendTimeout = Interval.seconds(10)
    /// How long a connection that has had its last response is read on, so that no reset overtakes that response.
    package var linger = Interval.seconds(2)
    /// Connections at a time. For another one, the connection ends that has kept us waiting for longest; or it waits in
    /// the system's queue.
    package var connections = 256
    /// Of one address, and of IPv6 one network of 64 bits; nil for any number. Exceeded: closed at once.
    package var connectionsPerAddress: Int?
    /// What has been waited for less than that never ends for another one.
    package var keepAliveMin = Interval.seconds(1)
    /// What one may do when all connections are taken, for the log.
    package var fullHint: StaticString = "raise limits.connections, or set limits.connections_per_address"

    package init() {}
}
