/// What the demo's throw-away certification authority has issued to its servers, all of which are on this machine. Its
/// files go when this does. Any thread.
final class DemoCertificates: Sendable {
    /// The authority's certificate: whom callers have to trust.
    let authorityFile: String
    /// For the proxy, towards its callers.
    let listen: ListenTLSSettings
    /// For the authorization server and the sample API.
    let server: TLSServerContext
    /// For the proxy, towards the sample API.
    let upstream: TLSClientContext
    private let directory: ScratchDirectory

    /// Longer than what a server warns of.
    private static let lifetime = Interval.seconds(30 * 86_400)
    private static let loopback = IPAddress(v4: 0x7F00_0001)

    init(now: UnixTime) throws(Errno) {
        let authority = CertificateAuthority.make(name: "ScopeProxy demo", now: now, lifetime: Self.lifetime)
        let issued = authority.issue(
            .server, hostNames: ["localhost"], addresses: [Self.loopback], now: now, lifetime: Self.lifetime)
        directory = try ScratchDirectory("scopeproxy-demo")
        authorityFile = try directory.write("ca.pem", authority.pem)
        let certificate = try directory.write("server.pem", issued.certificate)
        let key = try directory.write("server.key", issued.privateKey)
        listen = ListenTLSSettings(pairs: [ListenTLSSettings.Pair(certificate: certificate, privateKey: key)])
        server = Self.server(issued)
        upstream = Self.client(trusting: authority.pem)
    }

    private static func server(_ issued: IssuedCertificate) -> TLSServerContext {
        let (certificate, key) = (issued.certificate, issued.privateKey)
        do throws(TLSIdentityError) {
            let identity = try TLSIdentity(certificates: certificate.span, privateKey: key.span)
            return try TLSServerContext(identities: [identity], tickets: TicketKeyRing())
        } catch {
            preconditionFailure("a certificate of our own making: \(error.message)")
        }
    }

    private static func client(trusting authority: [UInt8]) -> TLSClientContext {
        guard let trust = try? TrustStore(pem: authority.span),
            let context = try? TLSClientContext(.address(loopback), trust: trust)
        else { preconditionFailure("an authority of our own making") }
        return context
    }
}
