/// The leave to send one call of the service's to a target, with that target's token. Only the gate of outgoing calls
/// makes one, and sending spends it.
package struct OutgoingPermit: ~Copyable {
    package let target: Int
    /// Which of the target's tokens it is.
    package let generation: Int
    /// `Authorization: Bearer …` with its line end.
    let authorizationLine: [UInt8]

    fileprivate init(target: Int, generation: Int, authorizationLine: [UInt8]) {
        self.target = target
        self.generation = generation
        self.authorizationLine = authorizationLine
    }
}

/// What the gate of outgoing calls says to one of them.
package enum OutgoingVerdict: ~Copyable {
    case permit(OutgoingPermit)
    case refuse(OutgoingRefusal)
    /// The target's token is on its way: ask again when it has come, or when it has not.
    case awaitToken(target: Int)
}

/// Decides where the service's own calls go, and with which token. Belongs to one worker and is used on its thread.
package final class OutgoingGate {
    private let table: TargetTable
    private let sources: [TokenSource?]
    private var snapshots: [TokenSnapshot?]

    /// - Parameter sources: of each target, in the order of the table's.
    package init(_ table: TargetTable, sources: [TokenSource?]) {
        self.table = table
        self.sources = sources
        snapshots = Array(repeating: nil, count: sources.count)
    }

    /// - Parameter target: the target's place in the table.
    package func install(_ snapshot: TokenSnapshot, target: Int) { snapshots[target] = snapshot }

    /// Judges the call that `bytes` begin with. Allocates nothing when there is a token.
    ///
    /// - Parameter mayAwaitToken: false when the call has waited already.
    package func judge(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, now: Instant, mayAwaitToken: Bool
    ) -> OutgoingVerdict {
        let target = table.target(authority: bytes.slice(head.host), path: bytes.slice(head.path))
        guard let target else { return .refuse(.noTarget) }
        guard table.acceptsAnyHost || !Self.comesFromBrowser(head, bytes) else { return .refuse(.browser) }
        if let permit = permit(for: target, now: now) { return .permit(permit) }
        if let failure = snapshots[target]?.lastFailure { return .refuse(.noToken(target: target, failure)) }
        return mayAwaitToken ? .awaitToken(target: target) : .refuse(.tokenTooSlow(target: target))
    }

    /// A page in a browser here can call loopback by its own name, too. Browsers say so in one of these fields, which a
    /// page cannot leave out (Fetch Standard, "Origin"; Fetch Metadata, section 2.3).
    private static func comesFromBrowser(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> Bool {
        for index in 0..<head.fields.count where head.fields[index].id == .other {
            let name = bytes.slice(head.fields[index].name)
            if name.equalsIgnoringCase("origin") || name.equalsIgnoringCase("sec-fetch-site") { return true }
        }
        return false
    }

    /// Says that a call waits for a token of `target`.
    package func demand(_ target: Int) -> RefetchTicket? { sources[target]?.request() }

    /// Says that the target has refused a token; nil when nothing is done about it now.
    package func refuse(_ generation: Int, of target: Int, now: Instant) -> RefetchTicket? {
        guard let snapshot = snapshots[target], now >= snapshot.refusalsCountFrom else { return nil }
        return sources[target]?.refuse(generation)
    }

    /// The leave to send a call once more, to a target that has refused the token of `generation`: nil while there is
    /// no newer one.
    package func permit(for target: Int, after generation: Int, now: Instant) -> OutgoingPermit? {
        guard let snapshot = snapshots[target], snapshot.generation > generation else { return nil }
        return permit(for: target, now: now)
    }

    private func permit(for target: Int, now: Instant) -> OutgoingPermit? {
        guard let snapshot = snapshots[target], snapshot.isUsable(at: now) else { return nil }
        return OutgoingPermit(
            target: target, generation: snapshot.generation, authorizationLine: snapshot.authorizationLine)
    }
}
