/// A certificate of a caller's, by whom it is for.
enum DemoCertificate: String, Sendable, CaseIterable {
    case job = "reports-job"
    case other = "another-job"

    /// The subject's distinguished name (RFC 4514).
    var subject: String { "CN=" + rawValue }
}

/// What the demo's throw-away certification authority has issued to its servers, all of which are on this machine. Its
/// files go when this does. Any thread.
final class DemoCertificates: Sendable {
    /// Where a certificate and its private key are, for who calls with curl.
    struct Files {
        let certificate: String
        let privateKey: String
    }

    /// The authority's certificate: whom callers have to trust.
    let authorityFile: String
    /// For the proxy, towards its callers.
    let listen: ListenTLSSettings
    /// For the sample API.
    let server: TLSServerContext
    /// For the authorization server, which asks its callers for certificates.
    let issuer: TLSServerContext
    /// For the proxy, towards the sample API.
    let upstream: TLSClientContext
    private let directory: ScratchDirectory
    private let callers: [DemoCertificate: (files: Files, identity: TLSIdentity)]

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
        var listen = ListenTLSSettings(pairs: [ListenTLSSettings.Pair(certificate: certificate, privateKey: key)])
        listen.clientCertificates = .request
        listen.clientCA = authorityFile
        self.listen = listen
        let trust = Self.trust(authority.pem)
        server = Self.server(issued, .none)
        issuer = Self.server(issued, .requested(trust))
        upstream = Self.client(trusting: trust)
        var callers: [DemoCertificate: (files: Files, identity: TLSIdentity)] = [:]
        for caller in DemoCertificate.allCases {
            let issued = authority.issue(.client, hostNames: [caller.rawValue], now: now, lifetime: Self.lifetime)
            let files = Files(
                certificate: try directory.write("\(caller.rawValue).pem", issued.certificate),
                privateKey: try directory.write("\(caller.rawValue).key", issued.privateKey))
            callers[caller] = (files: files, identity: Self.identity(issued))
        }
        self.callers = callers
    }

    func files(of caller: DemoCertificate) -> Files? { callers[caller]?.files }

    func identity(of caller: DemoCertificate) -> TLSIdentity? { callers[caller]?.identity }

    private static func identity(_ issued: IssuedCertificate) -> TLSIdentity {
        let (certificate, key) = (issued.certificate, issued.privateKey)
        do throws(TLSIdentityError) {
            return try TLSIdentity(certificates: certificate.span, privateKey: key.span)
        } catch {
            preconditionFailure("a certificate of our own making: \(error.message)")
        }
    }

    private static func server(_ issued: IssuedCertificate, _ callers: ClientCertificates) -> TLSServerContext {
        do throws(TLSIdentityError) {
            return try TLSServerContext(
                identities: [identity(issued)], clientCertificates: callers, tickets: TicketKeyRing())
        } catch {
            preconditionFailure("a certificate of our own making: \(error.message)")
        }
    }

    private static func trust(_ authority: [UInt8]) -> TrustStore {
        guard let trust = try? TrustStore(pem: authority.span) else {
            preconditionFailure("an authority of our own making")
        }
        return trust
    }

    private static func client(trusting trust: TrustStore) -> TLSClientContext {
        guard let context = try? TLSClientContext(.address(loopback), trust: trust) else {
            preconditionFailure("an authority of our own making")
        }
        return context
    }
}
