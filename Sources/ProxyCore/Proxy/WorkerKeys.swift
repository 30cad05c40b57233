/// A worker's view of the issuers' keys.
final class WorkerKeys {
    private let loop: EventLoop
    /// Those that judge now; of each issuer.
    private var issuers: [SuppliedKeys] = []
    private var gate: Gate?
    /// The newest of each source. Of one that no rule knows yet, until the rules come that do.
    private var snapshots: [Int: KeySnapshot] = [:]

    init(loop: EventLoop) { self.loop = loop }

    /// Gives the keys that are known to a new gate, which has these issuers.
    func adopt(_ gate: Gate, _ issuers: [SuppliedKeys]) {
        self.gate = gate
        self.issuers = issuers
        let numbers = Set(issuers.map(\.number))
        snapshots = snapshots.filter { numbers.contains($0.key) }
        for (place, issuer) in issuers.enumerated() {
            if let snapshot = snapshots[issuer.number] {
                gate.install(snapshot.keys, issuer: place)
            } else {
                gate.expectKeys(issuer: place)
            }
        }
    }

    /// Takes what has come from a source; nil when no issuer is served by it, else the issuer's place.
    func install(_ snapshot: KeySnapshot) -> Int? {
        let known = snapshots[snapshot.issuer]?.generation
        snapshots[snapshot.issuer] = snapshot
        guard let place = issuers.firstIndex(where: { $0.number == snapshot.issuer }) else { return nil }
        if known != snapshot.generation { gate?.install(snapshot.keys, issuer: place) }
        return place
    }

    /// Asks for an issuer's keys to be fetched; nil when that is no use now.
    func refetch(_ issuer: SuppliedKeys) -> RefetchTicket? {
        guard let snapshot = snapshots[issuer.number] else { return .first }
        return snapshot.allowsRefetch(at: loop.now) ? issuer.source.requestRefetch() : nil
    }
}
