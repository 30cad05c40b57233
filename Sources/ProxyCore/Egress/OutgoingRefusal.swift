/// Why a call of the service's is not sent on.
package enum OutgoingRefusal: Sendable, Equatable {
    /// It is for none of the targets.
    case noTarget
    /// It bears the marks of a browser.
    case browser
    /// There is no token that may be used, and the last attempt to get one failed.
    case noToken(target: Int, TokenFailure)
    /// There is none, and none came in time.
    case tokenTooSlow(target: Int)
    /// Too many calls wait for this target's token.
    case tooManyWaiting(target: Int)

    package var target: Int? {
        switch self {
        case .noTarget, .browser: nil
        case .noToken(let target, _), .tokenTooSlow(let target), .tooManyWaiting(let target): target
        }
    }

    package var status: Int {
        switch self {
        case .noTarget: 421
        case .browser: 403
        case .noToken: 502
        case .tokenTooSlow, .tooManyWaiting: 503
        }
    }

    /// The member `code` of the problem document.
    package var code: StaticString {
        switch self {
        case .noTarget: "no_target"
        case .browser: "from_browser"
        case .noToken, .tokenTooSlow, .tooManyWaiting: "token_unavailable"
        }
    }

    /// For logs and metrics.
    package var reason: StaticString {
        switch self {
        case .noTarget: "no_target"
        case .browser: "from_browser"
        case .noToken: "token_unavailable"
        case .tokenTooSlow: "token_too_slow"
        case .tooManyWaiting: "too_many_await_token"
        }
    }

    /// Every reason there is.
    package static let reasons: [StaticString] = [
        "no_target", "from_browser", "token_unavailable", "token_too_slow", "too_many_await_token",
    ]

    /// The word of `TokenFailure.cause` for a failure: the service is told, as it is one house.
    package var cause: StaticString? {
        guard case .noToken(_, let failure) = self else { return nil }
        return failure.cause
    }
}
