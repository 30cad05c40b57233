/// What `routes.json` says, checked and complete: defaults filled in, references replaced, paths resolved.
///
/// A plain value. Whoever starts the proxy hands its parts to the rooms that work by them; the demo changes the
/// addresses first.
package struct Configuration: Sendable {
    package var listen: SocketAddress
    /// nil where callers speak plain HTTP.
    package var listenTLS: ListenTLSSettings?
    /// Another process of this user may listen on the same addresses: for restarts in which two overlap.
    package var reusesPort = false
    /// Of the admin listener; nil for none.
    package var admin: SocketAddress?
    package var upstream: UpstreamSettings
    /// The service's own calls; nil when they do not come through us.
    package var egress: EgressSettings?
    /// Empty only when every route is public.
    package var issuers: [IssuerSettings] = []
    /// In the order of the file, free of conflicts.
    package var routes: [RouteDefinition]
    /// For routes that name no mode of their own.
    package var mode = EnforcementMode.enforce
    package var identityHeaders = IdentityOptions()
    /// Sends the caller's `Authorization` on to the upstream.
    package var forwardsToken = false
    /// Peers whose `X-Forwarded-*`, `Forwarded` and `X-Request-Id` are believed.
    package var trustedProxies: [CIDR] = []
    package var limits = Limits()
    package var timeouts = Timeouts()
    /// Event-loop threads; nil for one per processor that the process may use.
    package var workers: Int?
    package var logLevel = LogLevel.info
    /// nil for text on a terminal and JSON elsewhere.
    package var logFormat: LogFormat?
    package var logWhenFull = LogWriter.WhenFull.drop
    /// The share of the permitted requests that is logged, 0 to 1.
    package var logSample = 1.0
    /// For `WWW-Authenticate`; needs no escapes inside its quotes.
    package var realm = "api"
    /// The folder for copies of fetched keys; nil for none.
    package var stateDirectory: String?
    /// The file itself and those that it names, each as it was before it was read.
    package var files: [WatchedFile] = []

    package init(listen: SocketAddress, upstream: UpstreamSettings, routes: [RouteDefinition]) {
        self.listen = listen
        self.upstream = upstream
        self.routes = routes
    }
}

extension Configuration {
    /// Why no token can count that has to be bound to a client certificate; nil when one can.
    package var reasonAgainstBoundTokens: String? {
        guard let listenTLS else { return "callers show no certificate, since listen has no tls" }
        guard listenTLS.clientCertificates == .none else { return nil }
        return "callers show no certificate unless listen.tls.client_certificates is \"request\" or \"require\""
    }
}
