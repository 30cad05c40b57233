import Synchronization

/// What is known of one target's token; never the token.
struct TokenStatus: SourceStatus {
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

    var owner: String { target }

    /// Goes on counting where the source of before has ended.
    mutating func carryOn(_ before: TokenStatus) {
        fetches += before.fetches
        failures = zip(failures, before.failures).map { $0 + $1 }
        refusals += before.refusals
        lastFailure = lastFailure ?? before.lastFailure
    }
}

/// The tokens of all targets as the admin listener shows them. Told by the token sources on their threads, read by the
/// listener's; no worker comes here.
final class TokenBoard: Sendable {
    private let state = Mutex(SourceStatuses<TokenStatus>())

    /// In the order of the configuration.
    var current: [TokenStatus] { state.withLock { $0.current } }

    /// A source is about to be started.
    func add(_ number: Int, target: String) {
        state.withLock { $0.statuses[number] = TokenStatus(target: target) }
    }

    /// These sources are in use from now on, and no others. What was counted for a target whose source is another one
    /// now stays counted.
    func commit(_ order: [Int]) { state.withLock { $0.commit(order) } }

    func install(_ snapshot: TokenSnapshot) {
        state.withLock { $0.statuses[snapshot.target]?.expiry = snapshot.expiry }
    }

    func note(_ event: TokenSourceEvent, target: Int, now: UnixTime) {
        state.withLock { state in
            guard var status = state.statuses[target] else { return }
            Self.note(event, in: &status, now)
            state.statuses[target] = status
        }
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
