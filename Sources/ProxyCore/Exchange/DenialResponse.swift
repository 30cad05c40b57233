// The only place that knows which status and which challenge a denial becomes (RFC 6750 section 3, RFC 9110 section
// 15).

/// What `WWW-Authenticate: Bearer` says beyond the realm.
enum Challenge: Equatable {
    /// Nothing more: a request without credentials is told only that some are needed (RFC 6750 section 3.1).
    case bare
    case invalidRequest
    case invalidToken(StaticString)
    case insufficientScope

    static func == (left: Challenge, right: Challenge) -> Bool {
        switch (left, right) {
        case (.bare, .bare), (.invalidRequest, .invalidRequest), (.insufficientScope, .insufficientScope): true
        case (.invalidToken(let one), .invalidToken(let other)): one.bytes.equals(other.bytes)
        case (.bare, _), (.invalidRequest, _), (.invalidToken, _), (.insufficientScope, _): false
        }
    }
}

extension Denial {
    package var status: Int {
        switch self {
        case .missingToken, .invalidToken: 401
        case .invalidRequest, .ambiguousPath, .invalidPath: 400
        case .insufficientScope, .claimMismatch: 403
        case .noRoute: 404
        case .methodNotAllowed: 405
        case .keysUnavailable: 503
        }
    }

    /// The member `code` of the problem document.
    package var code: StaticString {
        switch self {
        case .missingToken: "missing_token"
        case .invalidRequest: "invalid_request"
        case .invalidToken: "invalid_token"
        case .insufficientScope, .claimMismatch: "insufficient_scope"
        case .noRoute: "no_route"
        case .methodNotAllowed: "method_not_allowed"
        case .ambiguousPath: "ambiguous_path"
        case .invalidPath: "invalid_path"
        case .keysUnavailable: "keys_unavailable"
        }
    }

    var challenge: Challenge? {
        switch self {
        case .missingToken: .bare
        case .invalidRequest: .invalidRequest
        case .invalidToken(let error): .invalidToken(error.description)
        case .insufficientScope, .claimMismatch: .insufficientScope
        case .noRoute, .methodNotAllowed, .ambiguousPath, .invalidPath, .keysUnavailable: nil
        }
    }
}
