import Synchronization

/// How reloads went, and what is in force since, for those who are no workers. Any thread may use it.
final class ReloadBoard: Sendable {
    struct State: Sendable {
        var successes = 0
        var failures = 0
        /// When the rules that are in force came into force: the start counts.
        var lastSuccess: UnixTime
        var hasFailedLast = false
        /// Tokens that one worker may remember.
        var cacheEntriesMax: Int
        var timeouts: Timeouts
    }

    private let state: Mutex<State>

    init(_ configuration: Configuration) {
        state = Mutex(
            State(
                lastSuccess: Clock.unixTime(), cacheEntriesMax: configuration.limits.tokenCacheEntries,
                timeouts: configuration.timeouts))
    }

    var current: State { state.withLock { $0 } }

    func succeeded(_ configuration: Configuration) {
        state.withLock { state in
            state.successes += 1
            state.lastSuccess = Clock.unixTime()
            state.hasFailedLast = false
            state.cacheEntriesMax = configuration.limits.tokenCacheEntries
            state.timeouts = configuration.timeouts
        }
    }

    func failed() {
        state.withLock { state in
            state.failures += 1
            state.hasFailedLast = true
        }
    }
}
