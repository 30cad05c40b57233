/// Why the demo cannot run.
package enum DemoError: Error, Sendable {
    case configuration(ConfigurationProblems)
    /// The configuration has no issuer that the demo could stand in for.
    case noIssuer
    case proxy(ProxyStartError)
    case system(Errno)
    /// The proxy does not come to have its issuer's keys.
    case notReady

    /// For the person who started it: one line for each problem.
    package var messages: [String] {
        switch self {
        case .configuration(let problems): problems.problems.map(\.description)
        case .noIssuer: ["the configuration has no issuer, so there is nothing to show: use the one of the repository"]
        case .proxy(let error): [error.message]
        case .system(let error): [error.description]
        case .notReady: ["the proxy has not got the keys of the authorization server in time"]
        }
    }
}

/// The servers of the demo, each on a free port of this machine. Started and stopped by one thread.
final class DemoServers {
    let clients: DemoClients
    let issuer: DemoIssuer
    let apiAddress: SocketAddress
    /// Beside the daemon that knows nothing of tokens.
    let sidecar: DemoSidecar
    /// Signalled when the proxy has ended by itself.
    var ended: WakeUp { proxy.ended }

    private let issuerAddress: SocketAddress
    /// nil where all speak plain HTTP.
    private let certificates: DemoCertificates?
    private let services: [Service]
    private let proxy: ProxyServer
    private let log: LogWriter
    private let logThread: Thread

    private static let anyLoopbackPort = SocketAddress.ip(IPAddress(v4: 0x7F00_0001), port: 0)

    /// Starts them with the rules of `configuration`, whose addresses are replaced. Signals that are to be waited for
    /// have to be blocked already.
    init(_ configuration: Configuration, usesTLS: Bool) throws(DemoError) {
        guard let audience = configuration.issuers.first?.token.audiences.first else { throw .noIssuer }
        let clients = DemoClients(audience: audience)
        let issuer: DemoIssuer
        do throws(Errno) {
            // Requests are shown by the walk, so the log keeps to what goes wrong.
            log = try LogWriter(level: .warn, format: nil)
            logThread = try log.start()
            certificates = usesTLS ? try DemoCertificates(now: Clock.unixTime()) : nil
            let issuerSocket = try ListeningSocket(on: Self.anyLoopbackPort, shared: false)
            let apiSocket = try ListeningSocket(on: Self.anyLoopbackPort, shared: false)
            issuer = DemoIssuer(
                url: Self.url(issuerSocket.address, certificates), clients: clients, hasCertificates: usesTLS)
            services = [
                try Self.serve(issuer, on: issuerSocket, certificates, log),
                try Self.serveAPI(on: apiSocket, certificates, log),
            ]
            issuerAddress = issuerSocket.address
            apiAddress = apiSocket.address
        } catch {
            throw .system(error)
        }
        self.clients = clients
        self.issuer = issuer
        let adapted = Self.adapt(configuration, issuer: issuerAddress, upstream: apiAddress, certificates)
        do throws(ProxyStartError) {
            proxy = try ProxyServer.start(adapted, log: log)
        } catch {
            Self.stop(services, log, logThread)
            throw .proxy(error)
        }
        do throws(DemoError) {
            let tokens = Self.location(Self.url(issuerAddress, certificates) + AuthorizationServer.Path.token)
            sidecar = try DemoSidecar(
                for: clients.sync, tokens: tokens, Self.access(certificates), api: proxy.address.port ?? 0,
                tls: certificates?.upstream, log: log)
        } catch {
            Self.stop(proxy, services, log, logThread)
            throw error
        }
    }

    /// The certificate of whoever vouches for the servers; nil where all speak plain HTTP.
    var authorityFile: String? { certificates?.authorityFile }

    /// The same, for who calls this one.
    func authorityFile(of server: DemoRequest.Server) -> String? {
        switch server {
        case .issuer, .proxy: authorityFile
        case .egress: nil
        }
    }

    /// The files of a caller's certificate; nil where all speak plain HTTP.
    func files(of caller: DemoCertificate) -> DemoCertificates.Files? { certificates?.files(of: caller) }

    func identity(of caller: DemoCertificate) -> TLSIdentity? { certificates?.identity(of: caller) }

    /// How callers of the demo's reach its servers.
    var access: KeyAccess { Self.access(certificates) }

    func address(of server: DemoRequest.Server) -> SocketAddress {
        switch server {
        case .issuer: issuerAddress
        case .proxy: proxy.address
        case .egress: sidecar.address
        }
    }

    func url(of server: DemoRequest.Server) -> String {
        switch server {
        case .issuer, .proxy: url(address(of: server))
        case .egress: Self.url(sidecar.address, nil)
        }
    }

    /// Scheme, host and port.
    func url(_ address: SocketAddress) -> String { Self.url(address, certificates) }

    func location(of server: DemoRequest.Server) -> KeyLocation { Self.location(url(of: server)) }

    /// Ends everything. To be called once.
    func stop() {
        sidecar.stop()
        Self.stop(proxy, services, log, logThread)
    }

    private static func stop(_ proxy: ProxyServer, _ services: [Service], _ log: LogWriter, _ logThread: Thread) {
        proxy.cut()
        proxy.join()
        stop(services, log, logThread)
    }

    private static func stop(_ services: [Service], _ log: LogWriter, _ logThread: Thread) {
        for service in services { service.stop() }
        log.stop()
        logThread.join()
    }

    private static func serve(
        _ issuer: DemoIssuer, on socket: ListeningSocket, _ certificates: DemoCertificates?, _ log: LogWriter
    ) throws(Errno) -> Service {
        try Service.start("issuer", on: socket, options: options(certificates?.issuer), log: log) {
            { requests in requests.map { issuer.answer($0, now: Clock.unixTime()) } }
        }
    }

    private static func serveAPI(
        on socket: ListeningSocket, _ certificates: DemoCertificates?, _ log: LogWriter
    ) throws(Errno) -> Service {
        try Service.start("sample-api", on: socket, options: options(certificates?.server), log: log) {
            let api = SampleAPI()
            return { requests in requests.map(api.answer) }
        }
    }

    private static func options(_ tls: TLSServerContext?) -> ServiceOptions {
        var options = ServiceOptions()
        options.tls = tls
        return options
    }

    // MARK: - Addresses

    private static func url(_ address: SocketAddress, _ certificates: DemoCertificates?) -> String {
        "\(certificates == nil ? "http" : "https")://\(address)"
    }

    private static func location(_ url: String) -> KeyLocation {
        do throws(KeyLocation.Problem) { return try KeyLocation(url) } catch {
            preconditionFailure("an address of this machine is a location")
        }
    }

    private static func access(_ certificates: DemoCertificates?) -> KeyAccess {
        KeyAccess(caFile: certificates?.authorityFile, proxies: .none, userAgent: "scopeproxy-demo")
    }

    private static func adapt(
        _ configuration: Configuration, issuer: SocketAddress, upstream: SocketAddress,
        _ certificates: DemoCertificates?
    ) -> Configuration {
        var configuration = configuration
        configuration.listen = anyLoopbackPort
        configuration.listenTLS = certificates?.listen
        configuration.admin = nil
        configuration.upstream.address = .tcp(host: "127.0.0.1", port: upstream.port ?? 0)
        configuration.upstream.tls = certificates?.upstream
        configuration.issuers = [adapt(configuration.issuers[0], to: url(issuer, certificates), certificates)]
        configuration.stateDirectory = nil
        return configuration
    }

    private static func adapt(
        _ issuer: IssuerSettings, to url: String, _ certificates: DemoCertificates?
    ) -> IssuerSettings {
        var issuer = issuer
        issuer.token.issuer = url
        issuer.keys = .network(location(url + AuthorizationServer.Path.keys))
        issuer.access = access(certificates)
        // What changes in a demo is to be seen soon.
        issuer.refresh.minLifetime = .seconds(1)
        issuer.token.clockSkewSeconds = 30
        return issuer
    }
}
