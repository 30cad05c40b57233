import ProxyCore
import Synchronization

/// The key server of an issuer: publishes keys that a test may change while it runs.
final class KeyServer: Sendable {
    enum Behaviour: Sendable {
        /// A set of these keys, with this `Cache-Control`.
        case publishes([String], cacheControl: String = "max-age=3600")
        case fails
        case hangs
    }

    let server: ScriptedServer
    private let state: State

    private final class State: Sendable {
        let behaviour: Mutex<Behaviour>

        init(_ behaviour: Behaviour) { self.behaviour = Mutex(behaviour) }

        var steps: [ScriptedServer.Step] {
            switch behaviour.withLock({ $0 }) {
            case .publishes(let keys, let cacheControl):
                let document = "{\"keys\":[\(keys.joined(separator: ","))]}"
                let head = "HTTP/1.1 200 OK\r\nCache-Control: \(cacheControl)\r\n"
                return [.send(head + "Content-Length: \(document.utf8.count)\r\n\r\n\(document)")]
            case .fails: return [.send("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")]
            case .hangs: return [.hang]
            }
        }
    }

    /// - Parameter port: 0 for any free one.
    init(_ behaviour: Behaviour, port: UInt16 = 0) throws {
        let state = State(behaviour)
        self.state = state
        server = try ScriptedServer(port: port) { _ in state.steps }
    }

    /// One that publishes these signers' keys.
    convenience init(_ signers: TestSigner...) throws { try self.init(.publishes(signers.map { $0.jwk() })) }

    /// From the next request on.
    func behave(_ behaviour: Behaviour) { state.behaviour.withLock { $0 = behaviour } }

    func publish(_ signers: TestSigner...) { behave(.publishes(signers.map { $0.jwk() })) }

    /// Requests so far.
    var fetches: Int { server.requests.count }

    /// The element of `issuers` whose keys are here, with further members of `key_refresh`.
    func issuer(_ refresh: String = "") -> String { Self.issuer(server.port, refresh) }

    static func issuer(_ port: UInt16, _ refresh: String = "") -> String {
        ProxyFixture.issuer("\"jwks_uri\": \"http://127.0.0.1:\(port)/jwks\", \"key_refresh\": {\(refresh)}")
    }
}
