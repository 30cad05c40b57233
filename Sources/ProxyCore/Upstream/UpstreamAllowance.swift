/// How many connections one worker may have to an upstream, in whichever pools: in that which is in use, and in those
/// of rules before whose requests are still under way. Belongs to the worker.
package final class UpstreamAllowance {
    private var connectionsMax: Int
    // Private, as are the figures of the pool: what others may read otherwise costs a check at each access.
    private var takenCount = 0
    /// Requests that wait for one.
    private(set) var waitingCount = 0
    /// The oldest first.
    private var members: [Member] = []

    private struct Member {
        weak var pool: UpstreamPool?
    }

    package init(connectionsMax: Int) { self.connectionsMax = connectionsMax }

    /// Connections that are open or being opened.
    package var taken: Int { takenCount }
    var isFull: Bool { takenCount >= connectionsMax }

    /// A bound for connections from now on; those that are open stay. `serve` comes next.
    func setMax(_ connectionsMax: Int) { self.connectionsMax = connectionsMax }

    func take() { takenCount += 1 }

    /// `serve` comes next, once whoever gave the place back is done with what it does.
    func giveBack() { takenCount -= 1 }

    func noteWaiting(_ change: Int) { waitingCount += change }

    /// Counts a pool that may have connections already.
    func enter(_ pool: UpstreamPool, open: Int, waiting: Int) {
        members.removeAll { $0.pool == nil }
        members.append(Member(pool: pool))
        takenCount += open
        waitingCount += waiting
    }

    func leave(_ pool: UpstreamPool, open: Int, waiting: Int) {
        members.removeAll { $0.pool === pool }
        takenCount -= open
        waitingCount -= waiting
    }

    /// Closes a connection at rest, wherever there is one.
    func makeRoom() {
        for index in members.indices where members[index].pool?.closeNewestIdle() ?? false { return }
    }

    /// Gives places that have come free to whoever waits, those of older rules first.
    func serve() {
        guard waitingCount > 0 else { return }
        for index in members.indices { members[index].pool?.serveWaiting() }
    }
}
