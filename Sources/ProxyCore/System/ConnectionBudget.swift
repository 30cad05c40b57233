import Synchronization

/// How many client connections the process has, of everybody and of one address. Shared by all workers.
package final class ConnectionBudget: Sendable {
    private let allowed: Atomic<Int>
    /// `Int.max` for any number.
    private let allowedPerAddress: Atomic<Int>
    private let count = Atomic<Int>(0)
    /// Workers that have stopped accepting since the budget was spent.
    private let waiting = Atomic<Int>(0)
    /// Counted without a limit too: one that comes later holds for them all.
    private let perAddress = Mutex<[IPAddress: Int]>([:])
    private let refused = Atomic<Int>(0)

    package init(max: Int, maxPerAddress: Int?) {
        allowed = Atomic(max)
        allowedPerAddress = Atomic(maxPerAddress ?? .max)
    }

    /// Connections that there may be at a time.
    package var max: Int { allowed.load(ordering: .relaxed) }

    /// Other limits from now on; what is open stays, and counts. True when workers wait for a place that there may be
    /// now.
    package func setLimits(max: Int, maxPerAddress: Int?) -> Bool {
        allowed.store(max, ordering: .sequentiallyConsistent)
        allowedPerAddress.store(maxPerAddress ?? .max, ordering: .sequentiallyConsistent)
        return takeWaiting()
    }

    /// Connections at this moment.
    package var connections: Int { count.load(ordering: .relaxed) }
    /// Connections closed at once, since their address had all that it may have.
    package var refusedForAddress: Int { refused.load(ordering: .relaxed) }

    /// Reserves a place before a connection is accepted; false, and the worker is noted as waiting, when there is none.
    package func reserve() -> Bool {
        if count.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue <= max { return true }
        count.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        waiting.wrappingAdd(1, ordering: .sequentiallyConsistent)
        // One may have ended in between, unaware that anybody waits. Whoever gets its place after all stays noted as
        // waiting, since what it could take back might be another worker's note; one call too many does no harm.
        return count.load(ordering: .sequentiallyConsistent) < max && reserve()
    }

    /// Gives back a place that no connection took. True when workers wait for one.
    package func release() -> Bool {
        count.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        return takeWaiting()
    }

    /// Counts a connection of `peer` that has a place; false when its address has all that it may have.
    package func admit(_ peer: SocketAddress) -> Bool {
        guard let address = peer.ipAddress?.callersNetwork else { return true }
        let maxPerAddress = allowedPerAddress.load(ordering: .relaxed)
        let isAdmitted = perAddress.withLock { counts in
            let count = counts[address, default: 0]
            guard count < maxPerAddress else { return false }
            counts[address] = count + 1
            return true
        }
        if !isAdmitted { refused.wrappingAdd(1, ordering: .relaxed) }
        return isAdmitted
    }

    /// Undoes `admit`.
    package func leave(_ peer: SocketAddress) {
        guard let address = peer.ipAddress?.callersNetwork else { return }
        perAddress.withLock { counts in
            guard let count = counts[address] else { return }
            counts[address] = count > 1 ? count - 1 : nil
        }
    }

    /// True for one caller after workers have begun to wait.
    private func takeWaiting() -> Bool {
        waiting.load(ordering: .sequentiallyConsistent) > 0
            && waiting.exchange(0, ordering: .sequentiallyConsistent) > 0
    }
}
