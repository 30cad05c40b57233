/// Connections at rest, the one used last first, so that few are kept warm and the others run out. Belongs to a pool.
///
/// A connection is *settled* once the loop has waited for events after it came to rest, and has handled those that come
/// first: had the upstream sent anything that was not asked for, or closed, it would have been discarded. Lending a
/// settled one costs no system call; one that is not has to be asked about (`UpstreamConnection.isQuiet`).
final class IdleConnections {
    private let loop: EventLoop
    /// Oldest first.
    private var connections: [UpstreamConnection] = []
    /// So many of the oldest are known to be settled.
    private var settledCount = 0

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
        connection.restsSince = loop.waits
        connections.append(connection)
    }

    func remove(_ connection: UpstreamConnection) {
        guard let index = connections.firstIndex(where: { $0 === connection }) else { return }
        connections.remove(at: index)
        if index < settledCount { settledCount -= 1 }
    }

    private func settle() {
        let swept = loop.sweptWait
        while settledCount < connections.count, connections[settledCount].restsSince < swept { settledCount += 1 }
    }
}
