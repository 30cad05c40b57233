/// What has ended a tunnel, for the metrics: a closed list.
package enum TunnelEnd: Int, CaseIterable, Sendable {
    /// Both sides have ended theirs.
    case closed
    case callerGone
    case upstreamFailed
    case tokenExpired
    case certificateExpired
    case clientCAChanged
    case idle
    case drained

    /// From the word that the log has for it; nil for an end in good order.
    init(reason: StaticString?) {
        self =
            switch reason.map({ "\($0)" }) {
            case nil: .closed
            case "caller_gone"?: .callerGone
            case "token_expired"?: .tokenExpired
            case "certificate_expired"?: .certificateExpired
            case "client_ca_changed"?: .clientCAChanged
            case "tunnel_idle"?: .idle
            case "drained"?: .drained
            case _?: .upstreamFailed
            }
    }

    package var reason: StaticString {
        switch self {
        case .closed: "closed"
        case .callerGone: "caller_gone"
        case .upstreamFailed: "upstream_failed"
        case .tokenExpired: "token_expired"
        case .certificateExpired: "certificate_expired"
        case .clientCAChanged: "client_ca_changed"
        case .idle: "tunnel_idle"
        case .drained: "drained"
        }
    }
}
