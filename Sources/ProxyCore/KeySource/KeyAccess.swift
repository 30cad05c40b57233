/// How an issuer's servers are reached, and whom to believe that they are the issuer's.
package struct KeyAccess: Sendable, Equatable {
    /// A name's addresses, as `Resolver.addresses` finds them.
    package typealias LookUp = @Sendable (String, UInt16, Patience) throws(Resolver.Failure) -> [SocketAddress]

    /// The certificates (PEM) that vouch for the servers, in place of the system's. Read for every fetch: a file that
    /// changes counts.
    package var caFile: String?
    package var proxies: ForwardProxySettings
    /// For the `User-Agent` field.
    package var userAgent: String
    package var lookUp: LookUp = { (host, port, patience) throws(Resolver.Failure) in
        try Resolver.addresses(of: host, port: port, patience)
    }

    package init(caFile: String? = nil, proxies: ForwardProxySettings, userAgent: String) {
        self.caFile = caFile
        self.proxies = proxies
        self.userAgent = userAgent
    }

    /// By what a configuration can say of it: how names are looked up is always the same there.
    package static func == (left: KeyAccess, right: KeyAccess) -> Bool {
        left.caFile == right.caFile && left.proxies == right.proxies && left.userAgent == right.userAgent
    }
}
