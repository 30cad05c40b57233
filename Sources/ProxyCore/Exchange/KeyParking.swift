/// Requests that wait for a key which is being fetched. Bounded for each issuer; belongs to a worker.
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
    ///   - waits: for each issuer, how long a request waits.
    ///   - max: how many may wait for one issuer.
    ///   - refetch: asks for an issuer's keys; nil when the cooldown forbids to fetch now.
    package init(waits: [Interval?], max: Int, refetch: @escaping (_ issuer: Int) -> RefetchTicket?) {
        waiting = Array(repeating: [], count: waits.count)
        self.waits = waits
        self.max = max
        self.refetch = refetch
    }

    /// Requests that wait at this moment.
    package var count: Int { waiting.reduce(0) { $0 + $1.count } }

    /// A new snapshot has come: those whose refetch it settles are judged again.
    package func settle(_ snapshot: KeySnapshot) {
        let issuer = snapshot.issuer
        let settled = waiting[issuer].filter { snapshot.settles($0.ticket) }
        guard !settled.isEmpty else { return }
        waiting[issuer].removeAll { snapshot.settles($0.ticket) }
        for entry in settled { entry.connection.keysSettled() }
    }

    func park(_ connection: ClientConnection, issuer: Int) -> Outcome {
        guard waiting[issuer].count < max else { return .full }
        guard let ticket = refetch(issuer) else { return .pointless }
        waiting[issuer].append(Waiting(connection: connection, ticket: ticket))
        return .parked(wait: waits[issuer])
    }

    func leave(_ connection: ClientConnection) {
        for issuer in waiting.indices { waiting[issuer].removeAll { $0.connection === connection } }
    }
}
