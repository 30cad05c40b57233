/// What went wrong on the way to the application. The upstream or the network is to blame, never the caller.
package enum UpstreamFailure: Error, Sendable {
    /// The upstream's name has no address (yet).
    case unresolved
    /// No address took the connection.
    case unreachable(Errno)
    /// The server that answered is not the one that it has to be, or TLS with it came to nothing.
    case tls(TLSFailure)
    /// No address took the connection in time.
    case connectTimeout
    /// All connections that are allowed were busy for too long.
    case saturated
    /// The connection ended before a response began.
    case closedEarly
    /// The connection broke before a response began.
    case reset(Errno)
    /// The response is not HTTP/1.1 as it has to be; the reason is a fixed word.
    case invalidResponse(StaticString)
    /// No response began in time.
    case responseTimeout
    /// The request could not be passed on, because the upstream stopped reading it.
    case requestTimeout
    /// The response ended before its framing said so.
    case truncated
    /// Nothing of the response came for too long.
    case idleTimeout

    /// 502 for an upstream that fails, 504 for one that is too slow (RFC 9110 sections 15.6.3 and 15.6.5).
    package var status: Int {
        switch self {
        case .unresolved, .unreachable, .tls, .closedEarly, .reset, .invalidResponse, .truncated: 502
        case .connectTimeout, .saturated, .responseTimeout, .requestTimeout, .idleTimeout: 504
        }
    }

    /// Every code there is.
    package static let codes: [StaticString] = [
        "upstream_unresolved", "upstream_unreachable", "upstream_tls_failed", "upstream_connect_timeout",
        "upstream_saturated", "upstream_closed", "upstream_reset", "upstream_invalid_response",
        "upstream_response_timeout", "upstream_request_timeout", "upstream_truncated", "upstream_idle_timeout",
    ]

    /// The word for it in problem documents, logs and metrics.
    package var code: StaticString {
        switch self {
        case .unresolved: "upstream_unresolved"
        case .unreachable: "upstream_unreachable"
        case .tls: "upstream_tls_failed"
        case .connectTimeout: "upstream_connect_timeout"
        case .saturated: "upstream_saturated"
        case .closedEarly: "upstream_closed"
        case .reset: "upstream_reset"
        case .invalidResponse: "upstream_invalid_response"
        case .responseTimeout: "upstream_response_timeout"
        case .requestTimeout: "upstream_request_timeout"
        case .truncated: "upstream_truncated"
        case .idleTimeout: "upstream_idle_timeout"
        }
    }

    /// What an operator wants to know beyond the code: the system's words or the rule that was broken.
    package var detail: String? {
        switch self {
        case .unreachable(let error), .reset(let error): error.description
        case .tls(let failure): failure.description
        case .invalidResponse(let reason): "\(reason)"
        case .unresolved, .connectTimeout, .saturated, .closedEarly, .responseTimeout, .requestTimeout, .truncated,
            .idleTimeout:
            nil
        }
    }
}
