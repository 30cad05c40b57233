/// Somewhere that the service calls through us: how its calls are told from others, and whose token they carry.
package struct OutgoingTarget: Sendable {
    package enum Match: Sendable, Equatable {
        /// The `Host` of the call: a name in lower case, or an address without brackets. Without a port, any.
        case host(String, port: UInt16?)
        /// How the path of the call begins, by whole segments: begins with a slash and does not end with one, or is
        /// empty, which means every path.
        case pathPrefix(String)
    }

    /// For logs and metrics.
    package var id: String
    package var match: Match
    package var client: TokenClient
    /// How long a call waits when there is no token that may be used.
    package var wait = Interval.seconds(5)

    package init(id: String, match: Match, client: TokenClient) {
        self.id = id
        self.match = match
        self.client = client
    }
}
