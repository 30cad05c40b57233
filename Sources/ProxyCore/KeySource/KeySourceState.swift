/// The life of one issuer's keys as a machine without clock, socket or chance: it takes events with the time and the
/// jitter, and returns what is to be done. `KeySource` does it.
///
/// It is two machines side by side: what is held (`keys`) and what is under way (`activity`).
///
///     nothing yet ── fetched ──> fresh ── 80-90 % of its lifetime ──> refreshing ── fetched ──> fresh
///                                  |                                     | failed: backing off, tried again
///                                  └──── lifetime over ──> stale ── `stale_seconds` over ──> no keys
package struct KeySourceState: Sendable {
    package enum Keys: Sendable, Equatable {
        case none
        /// Keys that are to be replaced by `freshUntil` and may be used, if they cannot be, until `dropAt`.
        case held(freshUntil: Instant, dropAt: Instant)
    }

    package enum Activity: Sendable, Equatable {
        case waiting(until: Instant)
        /// One fetch, and never a second one beside it.
        case fetching(Trigger)
    }

    package enum Trigger: Sendable, Equatable {
        case schedule
        case unknownKey
    }

    package enum Action: Sendable, Equatable {
        /// Fetch, then report by `fetchSucceeded` or `fetchFailed`.
        case fetch
        /// The issuer is away and there never were keys: look for a disk copy, and report one by `diskCopyRead`.
        case readDiskCopy
        /// The keys have been stale for too long: use none.
        case dropKeys
        /// Every request for a refetch made so far has its answer: the keys as they are now.
        case settleRefetches
    }

    /// A word for where the machine stands, for people.
    package enum Phase: Sendable, Equatable {
        case starting
        case fresh
        case refreshing
        case backingOff
        case stale
        case unavailable
    }

    package private(set) var keys = Keys.none
    package private(set) var activity: Activity
    /// Fetches that failed since the last success.
    package private(set) var failures = 0
    /// Before this an unknown `kid` causes no fetch. One for the issuer, since whoever forges tokens has as many
    /// `kid`s as he likes.
    package private(set) var cooldownUntil = Instant(nanoseconds: 0)
    private let schedule: KeySchedule
    private var isColdStart = true

    /// The first fetch is due at once.
    package init(_ schedule: KeySchedule, now: Instant) {
        self.schedule = schedule
        activity = .waiting(until: now)
    }

    /// When `timePassed` has something to do next; `.never` while a fetch is under way and no keys are held.
    package var nextDeadline: Instant {
        guard case .held(_, let dropAt) = keys else { return nextFetch }
        return min(nextFetch, dropAt)
    }

    /// When the next fetch is due; `.never` while one is under way.
    package var nextFetch: Instant {
        switch activity {
        case .waiting(let until): until
        case .fetching: .never
        }
    }

    package func phase(at now: Instant) -> Phase {
        switch (keys, activity) {
        case (.none, _): return isColdStart ? .starting : .unavailable
        case (.held(let freshUntil, _), _) where now >= freshUntil: return .stale
        case (.held, .fetching): return .refreshing
        case (.held, .waiting): return failures > 0 ? .backingOff : .fresh
        }
    }

    package mutating func timePassed(_ now: Instant) -> [Action] {
        var actions = dropStaleKeys(now)
        if case .waiting(let until) = activity, now >= until {
            activity = .fetching(.schedule)
            actions.append(.fetch)
        }
        return actions
    }

    /// A request carries a `kid` that the keys do not have.
    package mutating func refetchRequested(_ now: Instant) -> [Action] {
        switch activity {
        case .fetching:
            // Joins the fetch under way, and leaves the issuer's one immediate fetch for the case that this one began
            // too early to bring the new key.
            return []
        case .waiting:
            guard now >= cooldownUntil else { return [.settleRefetches] }
            activity = .fetching(.unknownKey)
            return [.fetch]
        }
    }

    /// The fetch brought keys that may be used for `lifetime`.
    package mutating func fetchSucceeded(lifetime: Interval, now: Instant, jitter: Double) -> [Action] {
        let kept = max(lifetime, schedule.refresh.stale)
        keys = .held(freshUntil: now.advanced(by: lifetime), dropAt: now.advanced(by: kept))
        failures = 0
        isColdStart = false
        fetchEnded(now, next: schedule.refreshDelay(lifetime: lifetime, jitter: jitter))
        return [.settleRefetches]
    }

    /// The fetch brought no usable key. What is held stays, for as long as stale keys may.
    package mutating func fetchFailed(now: Instant, jitter: Double) -> [Action] {
        failures += 1
        fetchEnded(now, next: schedule.retryDelay(failures: failures, jitter: jitter))
        var actions = dropStaleKeys(now)
        if isColdStart {
            isColdStart = false
            actions.append(.readDiskCopy)
        }
        actions.append(.settleRefetches)
        return actions
    }

    /// The disk has keys that were fetched `age` ago. False when that is too long ago to use them.
    package mutating func diskCopyRead(age: Interval, now: Instant) -> Bool {
        precondition(keys == .none, "a disk copy never replaces fetched keys")
        guard age < schedule.refresh.stale else { return false }
        let left = Interval(nanoseconds: schedule.refresh.stale.nanoseconds - age.nanoseconds)
        keys = .held(freshUntil: now, dropAt: now.advanced(by: left))
        return true
    }

    private mutating func fetchEnded(_ now: Instant, next pause: Interval) {
        guard case .fetching(let trigger) = activity else { preconditionFailure("no fetch is under way") }
        if trigger == .unknownKey { cooldownUntil = now.advanced(by: schedule.refresh.cooldown) }
        activity = .waiting(until: now.advanced(by: pause))
    }

    private mutating func dropStaleKeys(_ now: Instant) -> [Action] {
        guard case .held(_, let dropAt) = keys, now >= dropAt else { return [] }
        keys = .none
        return [.dropKeys]
    }
}
