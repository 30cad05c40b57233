import Synchronization

/// What is known of one target's token; never the token.
struct TokenStatus: Sendable {
    struct Failure: Sendable {
        let failure: TokenFailure
        let at: UnixTime
    }

    let target: String
    /// When the newest token expires; nil while there has been none.
    var expiry: UnixTime?
    /// When it is asked for the next time after a failure.
    var retryAt: UnixTime?
    /// Attempts that have ended, well or not.
    var fetches = 0
    /// By the cause's place in `TokenFailure.causes`.
    var failures = [Int](repeating: 0, count: TokenFailure.causes.count)
    /// The latest one, also when a later attempt went well.
    var lastFailure: Failure?
    /// Tokens that the target has refused before their end.
    var refusals = 0
}

/// The tokens of all targets as the admin listener shows them. Told by the token sources on their threads, read by the
/// listener's; no worker comes here.
final class TokenBoard: Sendable {
    private let statuses: Mutex<[TokenStatus]>

    init(targets: [String]) { statuses = Mutex(targets.map { TokenStatus(target: $0) }) }

    /// In the order of the configuration.
    var current: [TokenStatus] { statuses.withLock { $0 } }

    func install(_ snapshot: TokenSnapshot) {
        statuses.withLock { $0[snapshot.target].expiry = snapshot.expiry }
    }

    func note(_ event: TokenSourceEvent, target: Int, now: UnixTime) {
        statuses.withLock { Self.note(event, in: &$0[target], now) }
    }

    private static func note(_ event: TokenSourceEvent, in status: inout TokenStatus, _ now: UnixTime) {
        switch event {
        case .obtained:
            status.fetches += 1
            status.retryAt = nil
        case .failed(let failure, let retryIn, _):
            status.fetches += 1
            let cause = TokenFailure.causes.firstIndex { $0.bytes.equals(failure.cause) }
            if let cause { status.failures[cause] += 1 }
            status.lastFailure = TokenStatus.Failure(failure: failure, at: now)
            status.retryAt = UnixTime(now.seconds + Int64(retryIn.seconds.rounded(.up)))
        case .refusedByTarget: status.refusals += 1
        case .credentialsChanged: break
        }
    }
}
