/// `egress`: where the service's own calls come in, and where they go.
package struct EgressSettings: Sendable {
    package struct Target: Sendable {
        package var call: OutgoingTarget
        package var upstream: UpstreamSettings

        package init(call: OutgoingTarget, upstream: UpstreamSettings) {
            self.call = call
            self.upstream = upstream
        }
    }

    package var listen: SocketAddress
    /// Others than this machine may call: whoever can reach the listener gets the targets' tokens put on.
    package var allowsRemote = false
    /// Connections of the service at the same time.
    package var maxConnections = 1000
    /// In the order of the file; no two of them match the same way.
    package var targets: [Target]

    package init(listen: SocketAddress, targets: [Target]) {
        self.listen = listen
        self.targets = targets
    }
}
