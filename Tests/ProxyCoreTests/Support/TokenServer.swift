import ProxyCore
import Synchronization

/// A token endpoint: gives `token-1`, `token-2` and so on, or answers whatever a test wants.
final class TokenServer: Sendable {
    enum Behaviour: Sendable {
        /// A token with this `expires_in`; nil for an answer without one.
        case grants(lifetime: Int?)
        /// As `grants`, but only for requests that contain this text; `invalid_client` for others.
        case grantsTo(String, lifetime: Int)
        case answers(String, body: String)
        case hangs
    }

    let server: ScriptedServer
    private let state: State

    private final class State: Sendable {
        let behaviour: Mutex<Behaviour>
        let granted = Mutex(0)
        /// What answers wait for.
        let latch: Latch?

        init(_ behaviour: Behaviour, _ latch: Latch?) {
            self.behaviour = Mutex(behaviour)
            self.latch = latch
        }

        func answer(_ request: RawRequest) -> [ScriptedServer.Step] {
            latch?.pass()
            switch behaviour.withLock({ $0 }) {
            case .grants(let lifetime): return grant(lifetime)
            case .grantsTo(let text, let lifetime):
                if String(decoding: request.bytes, as: UTF8.self).contains(text) { return grant(lifetime) }
                return Self.response("401 Unauthorized", "{\"error\":\"invalid_client\"}")
            case .answers(let status, let body): return Self.response(status, body)
            case .hangs: return [.hang]
            }
        }

        private func grant(_ lifetime: Int?) -> [ScriptedServer.Step] {
            let number = granted.withLock { count in
                count += 1
                return count
            }
            let expiry = lifetime.map { ",\"expires_in\":\($0)" } ?? ""
            return Self.response("200 OK", "{\"access_token\":\"token-\(number)\",\"token_type\":\"Bearer\"\(expiry)}")
        }

        private static func response(_ status: String, _ body: String) -> [ScriptedServer.Step] {
            [
                .send(
                    "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
                        + "Cache-Control: no-store\r\n\r\n\(body)")
            ]
        }
    }

    /// - Parameter latch: answers wait until it is open.
    init(_ behaviour: Behaviour = .grants(lifetime: 3600), port: UInt16 = 0, latch: Latch? = nil) throws {
        let state = State(behaviour, latch)
        self.state = state
        server = try ScriptedServer(port: port) { state.answer($0) }
    }

    var url: String { "http://127.0.0.1:\(server.port)/oauth/token" }
    /// Requests so far.
    var requests: [RawRequest] { server.requests }

    /// From the next request on.
    func behave(_ behaviour: Behaviour) { state.behaviour.withLock { $0 = behaviour } }
}
