import Synchronization

/// What is known of one issuer's keys.
struct KeyStatus: Sendable {
    struct Failure: Sendable {
        let failure: KeyFetchFailure
        let at: UnixTime
    }

    let issuer: String
    /// Nil before the first attempt to get keys has ended.
    var snapshot: KeySnapshot?
    /// There have been keys; there may be none any more.
    var hasHadKeys = false
    /// Fetches that have ended, well or not. Of a file, reads of what had changed.
    var fetches = 0
    /// By the cause's place in `KeyFetchFailure.causes`.
    var failures = [Int](repeating: 0, count: KeyFetchFailure.causes.count)
    /// The latest one, also when a later fetch went well.
    var lastFailure: Failure?
    /// When what was fetched last is no longer fresh.
    var freshUntil: UnixTime?
    /// When it is tried again after a failure.
    var retryAt: UnixTime?

    var keyCount: Int { snapshot?.keys?.keys.count ?? 0 }

    /// For keys that came over the network, now or in an earlier run: the time since they were known to be current.
    func age(at now: UnixTime) -> Int? {
        guard let snapshot, snapshot.keys != nil, let fetchedAt = snapshot.fetchedAt else { return nil }
        switch snapshot.origin {
        case .network, .diskCopy: return max(0, Int(now.seconds - fetchedAt.seconds))
        case .file, .inline: return nil
        }
    }
}

/// The keys of all issuers as the admin listener shows them. Told by the key sources on their threads, read by the
/// listener's; no worker comes here.
final class KeyBoard: Sendable {
    private let statuses: Mutex<[KeyStatus]>

    init(issuers: [String]) { statuses = Mutex(issuers.map { KeyStatus(issuer: $0) }) }

    /// In the order of the configuration.
    var current: [KeyStatus] { statuses.withLock { $0 } }

    func install(_ snapshot: KeySnapshot) {
        statuses.withLock { statuses in
            statuses[snapshot.issuer].snapshot = snapshot
            if snapshot.keys != nil { statuses[snapshot.issuer].hasHadKeys = true }
        }
    }

    func note(_ event: KeySourceEvent, issuer: Int, now: UnixTime) {
        statuses.withLock { Self.note(event, in: &$0[issuer], now) }
    }

    private static func note(_ event: KeySourceEvent, in status: inout KeyStatus, _ now: UnixTime) {
        switch event {
        case .fetched(_, _, let lifetime, _):
            status.fetches += 1
            status.freshUntil = later(now, lifetime)
            status.retryAt = nil
        case .fetchFailed(let failure, let retryIn, _):
            status.fetches += 1
            let cause = KeyFetchFailure.causes.firstIndex { $0.bytes.equals(failure.cause) }
            if let cause { status.failures[cause] += 1 }
            status.lastFailure = KeyStatus.Failure(failure: failure, at: now)
            status.retryAt = later(now, retryIn)
        case .droppedStale: status.freshUntil = nil
        case .skippedKey, .usedDiskCopy, .diskCopyNotUsed, .diskCopyNotWritten: break
        }
    }

    private static func later(_ now: UnixTime, _ pause: Interval) -> UnixTime {
        UnixTime(now.seconds + Int64(pause.seconds.rounded(.up)))
    }
}
