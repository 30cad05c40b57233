/// Every reason for which the proxy answers a request itself.
package enum ProxyAnswer {
    /// The gate's word.
    case refused(Refusal)
    /// The head is not HTTP as it has to be (RFC 9112).
    case malformedHead(HeadError)
    case malformedBody(BodyError)
    /// The body is longer than `limits.body_bytes`.
    case bodyTooLarge
    /// The caller did not send its head or body in time.
    case requestTimeout
    /// The fields that the proxy adds do not fit behind those that came.
    case forwardedHeadTooLong
    /// Too many requests wait for keys.
    case tooManyParked(issuer: Int)
    case upstream(UpstreamFailure)
    /// An outgoing call is not sent on.
    case outgoing(OutgoingRefusal)

    package var status: Int {
        switch self {
        case .refused(let refusal): refusal.denial.status
        case .malformedHead(let error): error.status
        case .malformedBody(let error): error.status
        case .bodyTooLarge: 413
        case .requestTimeout: 408
        case .forwardedHeadTooLong: 431
        case .tooManyParked: 503
        case .upstream(let failure): failure.status
        case .outgoing(let refusal): refusal.status
        }
    }

    /// The member `code` of the problem document: one word for each kind, for programs to act on.
    package var code: StaticString {
        switch self {
        case .refused(let refusal): refusal.denial.code
        case .malformedHead(let error): Self.code(ofStatus: error.status)
        case .malformedBody(let error): Self.code(ofStatus: error.status)
        case .bodyTooLarge: "content_too_large"
        case .requestTimeout: "request_timeout"
        case .forwardedHeadTooLong: "request_header_fields_too_large"
        case .tooManyParked: "keys_unavailable"
        case .upstream(let failure): failure.code
        case .outgoing(let refusal): refusal.code
        }
    }

    /// The finer word for the log.
    package var reason: StaticString {
        switch self {
        case .refused(let refusal): refusal.denial.reason
        case .malformedHead(let error): error.reason
        case .malformedBody(let error): error.reason
        case .bodyTooLarge, .requestTimeout, .upstream: code
        case .forwardedHeadTooLong: "forwarded_head_too_long"
        case .tooManyParked: "too_many_parked"
        case .outgoing(let refusal): refusal.reason
        }
    }

    /// The member `cause`: what went wrong behind that, for those who may know.
    var cause: StaticString? {
        guard case .outgoing(let refusal) = self else { return nil }
        return refusal.cause
    }

    private static func code(ofStatus status: Int) -> StaticString {
        switch status {
        case 405: "method_not_allowed"
        case 414: "uri_too_long"
        case 417: "expectation_failed"
        case 431: "request_header_fields_too_large"
        case 501: "not_implemented"
        case 505: "http_version_not_supported"
        default: "bad_request"
        }
    }
}
