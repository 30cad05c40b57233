import Synchronization

/// What is known of one issuer's keys.
struct KeyStatus: SourceStatus {
    struct Failure: Sendable {
        let failure: KeyFetchFailure
        let at: UnixTime
    }

    let issuer: String
    /// Whether the proxy is not ready before it has had keys.
    var countsForReadiness = true
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

    var owner: String { issuer }

    /// Goes on counting where the source of before has ended.
    mutating func carryOn(_ before: KeyStatus) {
        fetches += before.fetches
        failures = zip(failures, before.failures).map { $0 + $1 }
        lastFailure = lastFailure ?? before.lastFailure
        // Other keys of an issuer that has never had any are no reason to be ready.
        if before.countsForReadiness, !before.hasHadKeys { countsForReadiness = true }
    }

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
    private let state = Mutex(SourceStatuses<KeyStatus>())

    /// In the order of the configuration.
    var current: [KeyStatus] { state.withLock { $0.current } }

    /// A source is about to be started.
    func add(_ number: Int, issuer: String, countsForReadiness: Bool) {
        state.withLock { state in
            var status = KeyStatus(issuer: issuer)
            status.countsForReadiness = countsForReadiness
            state.statuses[number] = status
        }
    }

    /// These sources are in use from now on, and no others. What was counted for an issuer whose source is another one
    /// now stays counted.
    func commit(_ order: [Int]) { state.withLock { $0.commit(order) } }

    /// True when it is the first word of a source.
    @discardableResult
    func install(_ snapshot: KeySnapshot) -> Bool {
        state.withLock { state in
            let isFirst = state.statuses[snapshot.issuer]?.snapshot == nil
            state.statuses[snapshot.issuer]?.snapshot = snapshot
            if snapshot.keys != nil { state.statuses[snapshot.issuer]?.hasHadKeys = true }
            return isFirst
        }
    }

    func note(_ event: KeySourceEvent, issuer: Int, now: UnixTime) {
        state.withLock { state in
            guard var status = state.statuses[issuer] else { return }
            Self.note(event, in: &status, now)
            state.statuses[issuer] = status
        }
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
