/// The ScopeProxy beside a daemon of the demo, whose calls go out through it: it has the daemon's secret in a file, as
/// such files are mounted, and puts the token on. Started and stopped by one thread.
final class DemoSidecar {
    /// Where the daemon calls.
    let address: SocketAddress
    private let directory: ScratchDirectory
    private let proxy: ProxyServer

    private static let secretName = "client-secret"
    private static let anyLoopbackPort = SocketAddress.ip(IPAddress(v4: 0x7F00_0001), port: 0)

    /// - Parameters:
    ///   - tokens: where they are given.
    ///   - api: the port of the proxy before the API, on this machine.
    ///   - tls: towards that proxy; nil where all speak plain HTTP.
    init(
        for client: DemoClient, tokens: KeyLocation, _ access: KeyAccess, api: UInt16, tls: TLSClientContext?,
        log: LogWriter
    ) throws(DemoError) {
        let file: String
        do throws(Errno) {
            directory = try ScratchDirectory("scopeproxy-demo")
            file = try directory.write(Self.secretName, Array(client.secret.utf8))
        } catch {
            throw .system(error)
        }
        var tokenClient = TokenClient(
            endpoint: .address(tokens), id: client.id, proof: .secretBasic(.file(file)), access: access)
        tokenClient.scopes = client.registration.scopes
        var upstream = UpstreamSettings(address: .tcp(host: "127.0.0.1", port: api))
        upstream.tls = tls
        let call = OutgoingTarget(id: "api", match: .pathPrefix(""), client: tokenClient)
        // It has nothing to let in.
        var configuration = Configuration(listen: Self.anyLoopbackPort, upstream: upstream, routes: [])
        configuration.workers = 1
        configuration.egress = EgressSettings(
            listen: Self.anyLoopbackPort, targets: [EgressSettings.Target(call: call, upstream: upstream)])
        do throws(ProxyStartError) { proxy = try ProxyServer.start(configuration, log: log) } catch {
            throw .proxy(error)
        }
        guard let address = proxy.egressAddress else { preconditionFailure("a proxy with egress listens for it") }
        self.address = address
    }

    /// Puts another secret in the place of the old one, in one step.
    func replaceSecret(with secret: String) throws(Errno) {
        _ = try directory.write(Self.secretName, Array(secret.utf8))
    }

    /// To be called once.
    func stop() {
        proxy.cut()
        proxy.join()
    }
}
