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

/// The three servers of the demo, each on a free port of this machine. Started and stopped by one thread.
final class DemoServers {
    let clients: DemoClients
    let issuer: DemoIssuer
    let issuerAddress: SocketAddress
    let apiAddress: SocketAddress
    /// Signalled when the proxy has ended by itself.
    var ended: WakeUp { proxy.ended }

    private let services: [Service]
    private let proxy: ProxyServer
    private let log: LogWriter
    private let logThread: Thread

    private static let anyLoopbackPort = SocketAddress.ip(IPAddress(v4: 0x7F00_0001), port: 0)

    /// Starts them with the rules of `configuration`, whose addresses are replaced. Signals that are to be waited for
    /// have to be blocked already.
    init(_ configuration: Configuration) throws(DemoError) {
        guard let audience = configuration.issuers.first?.token.audiences.first else { throw .noIssuer }
        let clients = DemoClients(audience: audience)
        let issuer: DemoIssuer
        do throws(Errno) {
            // Requests are shown by the walk, so the log keeps to what goes wrong.
            log = try LogWriter(level: .warn, format: nil)
            logThread = try log.start()
            let issuerSocket = try ListeningSocket(on: Self.anyLoopbackPort, shared: false)
            let apiSocket = try ListeningSocket(on: Self.anyLoopbackPort, shared: false)
            issuer = DemoIssuer(url: "http://\(issuerSocket.address)", clients: clients)
            services = [try Self.serve(issuer, on: issuerSocket, log), try Self.serveAPI(on: apiSocket, log)]
            issuerAddress = issuerSocket.address
            apiAddress = apiSocket.address
        } catch {
            throw .system(error)
        }
        self.clients = clients
        self.issuer = issuer
        let adapted = Self.adapt(configuration, issuer: issuerAddress, upstream: apiAddress)
        do throws(ProxyStartError) {
            proxy = try ProxyServer.start(adapted, log: log)
        } catch {
            Self.stop(services, log, logThread)
            throw .proxy(error)
        }
    }

    var proxyAddress: SocketAddress { proxy.address }

    /// Ends everything. To be called once.
    func stop() {
        proxy.cut()
        proxy.join()
        Self.stop(services, log, logThread)
    }

    private static func stop(_ services: [Service], _ log: LogWriter, _ logThread: Thread) {
        for service in services { service.stop() }
        log.stop()
        logThread.join()
    }

    private static func serve(
        _ issuer: DemoIssuer, on socket: ListeningSocket, _ log: LogWriter
    ) throws(Errno) -> Service {
        try Service.start("issuer", on: socket, log: log) {
            { request in issuer.answer(request, now: Clock.unixTime()) }
        }
    }

    private static func serveAPI(on socket: ListeningSocket, _ log: LogWriter) throws(Errno) -> Service {
        try Service.start("sample-api", on: socket, log: log) {
            let api = SampleAPI()
            return api.answer
        }
    }

    private static func adapt(
        _ configuration: Configuration, issuer: SocketAddress, upstream: SocketAddress
    ) -> Configuration {
        var configuration = configuration
        configuration.listen = anyLoopbackPort
        configuration.admin = nil
        configuration.upstream.address = .tcp(host: "127.0.0.1", port: upstream.port ?? 0)
        configuration.issuers = [adapt(configuration.issuers[0], to: issuer)]
        configuration.stateDirectory = nil
        return configuration
    }

    private static func adapt(_ issuer: IssuerSettings, to address: SocketAddress) -> IssuerSettings {
        var issuer = issuer
        issuer.token.issuer = "http://\(address)"
        do throws(KeyLocation.Problem) {
            issuer.keys = .network(try KeyLocation("http://\(address)\(AuthorizationServer.Path.keys)"))
        } catch {
            preconditionFailure("an address of this machine is a location")
        }
        return issuer
    }
}
