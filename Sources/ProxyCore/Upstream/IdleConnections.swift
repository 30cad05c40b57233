/// Connections at rest, the one used last first, so that few are kept warm and the others run out. Belongs to a pool.
///
/// A connection is *settled* once the loop has asked the kernel for events since it came to rest: had the upstream sent
/// anything that was not asked for, it would have been reported, and the connection discarded. Lending a settled one
/// costs no system call; one that is not has to be asked about (`UpstreamConnection.isQuiet`).
final class IdleConnections {
    private let loop: EventLoop
    /// Oldest first.
    private var connections: [UpstreamConnection] = []
    /// So many of the oldest were at rest when `sweep` began.
    private var settledCount = 0
    private var sweep: UInt64 = 0

    init(loop: EventLoop, capacity: Int) {
        self.loop = loop
        connections.reserveCapacity(capacity)
    }

    var count: Int { connections.count }

    /// The one used last among those that are settled.
    func takeSettled() -> UpstreamConnection? {
        settle()
        guard settledCount > 0 else { return nil }
        settledCount -= 1
        return connections.remove(at: settledCount)
    }

    /// The one used last.
    func takeNewest() -> UpstreamConnection? {
        let newest = connections.popLast()
        settledCount = min(settledCount, connections.count)
        return newest
    }

    func add(_ connection: UpstreamConnection) {
        settle()
        connections.append(connection)
    }

    func remove(_ connection: UpstreamConnection) {
        guard let index = connections.firstIndex(where: { $0 === connection }) else { return }
        connections.remove(at: index)
        if index < settledCount { settledCount -= 1 }
    }

    private func settle() {
        guard loop.sweeps != sweep else { return }
        sweep = loop.sweeps
        settledCount = connections.count
    }
}
