/// When one issuer's keys are fetched and for how long they are kept: `KeyRefresh` made into pauses and deadlines.
package struct KeySchedule: Sendable, Equatable {
    package var refresh: KeyRefresh
    /// First and longest pause between fetches that fail. The same for everybody: the first is short enough to go
    /// unnoticed, the longest long enough to leave a struggling server alone.
    package var retryMin = Interval.seconds(1)
    package var retryMax = Interval.seconds(60)

    /// For keys that are fetched over the network.
    package init(_ refresh: KeyRefresh) { self.refresh = refresh }

    /// For keys in a file: looked at often, since that costs one system call, and as often after a failure, since a
    /// repaired file should count at once.
    package init(_ refresh: KeyRefresh, fileCheckedEvery pause: Interval) {
        self.refresh = refresh
        self.refresh.defaultLifetime = pause
        self.refresh.minLifetime = pause
        self.refresh.maxLifetime = pause
        self.refresh.cooldown = min(refresh.cooldown, pause)
        retryMin = pause
        retryMax = pause
    }

    /// The lifetime of a document whose response said `freshness`.
    package func lifetime(_ freshness: Freshness) -> Interval {
        switch freshness {
        case .unstated: bounded(refresh.defaultLifetime)
        case .stale: refresh.minLifetime
        case .seconds(let seconds): bounded(.seconds(seconds))
        }
    }

    /// The pause before keys with this lifetime are fetched again: 80 to 90 % of it, so that a slow or failing server
    /// has time to recover before they are stale, and a fleet that was started together drifts apart. `jitter` is in
    /// 0..<1.
    package func refreshDelay(lifetime: Interval, jitter: Double) -> Interval {
        precondition(jitter >= 0 && jitter < 1)
        return .seconds(lifetime.seconds * (0.8 + 0.1 * jitter))
    }

    /// The pause after so many failures in a row (1 or more): the shortest one, doubled with every failure, and up to
    /// half as much again; at most the longest. `jitter` is in 0..<1.
    package func retryDelay(failures: Int, jitter: Double) -> Interval {
        precondition(failures >= 1 && jitter >= 0 && jitter < 1)
        let doubled = retryMin.seconds * Double(1 << min(failures - 1, 30))
        let base = max(min(doubled, retryMax.seconds / 1.5), retryMin.seconds)
        return .seconds(min(base * (1 + 0.5 * jitter), max(retryMin, retryMax).seconds))
    }

    private func bounded(_ lifetime: Interval) -> Interval {
        min(max(lifetime, refresh.minLifetime), refresh.maxLifetime)
    }
}
