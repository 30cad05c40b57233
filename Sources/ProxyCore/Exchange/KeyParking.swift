/// Requests that wait for a key which is being fetched, or outgoing calls that wait for a token. Bounded for each
/// issuer or target; belongs to a worker.
package final class KeyParking {
    enum Outcome {
        /// The connection waits until its deadline or until the refetch is settled.
        case parked(wait: Interval?)
        /// Nothing may be fetched now, so there is nothing to wait for.
        case pointless
        case full
    }

    private struct Waiting {
        let connection: ClientConnection
        let ticket: RefetchTicket
    }

    private var waiting: [[Waiting]]
    private let waits: [Interval?]
    private let max: Int
    private let refetch: (Int) -> RefetchTicket?

    /// - Parameters:
    ///   - waits: for each issuer (or target), how long a request waits.
    ///   - max: how many may wait for one of them.
    ///   - refetch: asks for an issuer's keys, or a target's token; nil when nothing may be fetched now.
    package init(waits: [Interval?], max: Int, refetch: @escaping (_ issuer: Int) -> RefetchTicket?) {
        waiting = Array(repeating: [], count: waits.count)
        self.waits = waits
        self.max = max
        self.refetch = refetch
    }

    /// Requests that wait at this moment.
    package var count: Int { waiting.reduce(0) { $0 + $1.count } }

    /// A new snapshot has come: those whose refetch it settles are judged again.
    ///
    /// - Parameter issuer: the issuer's place in the table.
    package func settle(_ snapshot: KeySnapshot, issuer: Int) { settle(issuer, snapshot.settles) }

    package func settle(_ snapshot: TokenSnapshot, target: Int) { settle(target, snapshot.settles) }

    private func settle(_ issuer: Int, _ isSettled: (RefetchTicket) -> Bool) {
        let settled = waiting[issuer].filter { isSettled($0.ticket) }
        guard !settled.isEmpty else { return }
        waiting[issuer].removeAll { isSettled($0.ticket) }
        for entry in settled { entry.connection.keysSettled() }
    }

    func park(_ connection: ClientConnection, issuer: Int) -> Outcome {
        park(connection, issuer: issuer, by: refetch)
    }

    /// The same, with another way to ask.
    func park(_ connection: ClientConnection, issuer: Int, by ask: (Int) -> RefetchTicket?) -> Outcome {
        guard waiting[issuer].count < max else { return .full }
        guard let ticket = ask(issuer) else { return .pointless }
        waiting[issuer].append(Waiting(connection: connection, ticket: ticket))
        return .parked(wait: waits[issuer])
    }

    func leave(_ connection: ClientConnection) {
        for issuer in waiting.indices { waiting[issuer].removeAll { $0.connection === connection } }
    }
}
