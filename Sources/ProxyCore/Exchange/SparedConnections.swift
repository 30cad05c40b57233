/// The connections of one worker that can be spared when there is no place for another one, the first to go last.
///
/// First go those on which nobody has asked for anything yet, handshakes included, then those that wait for another
/// request; among equals the one that has done nothing for longest. To find out takes a look at every connection, so
/// what one look has found serves several times.
struct SparedConnections {
    struct Candidate {
        let registration: Registration
        let idleSince: Instant
        let hasAsked: Bool

        /// True when this one goes before `other`.
        func goesBefore(_ other: Candidate) -> Bool {
            if hasAsked != other.hasAsked { return !hasAsked }
            return idleSince < other.idleSince
        }
    }

    /// A flood of connections is looked through once for so many of them.
    static let kept = 64
    /// The one that goes first is the last element.
    private var candidates: [Candidate] = []

    /// The next one to go; what is known of it may be out of date.
    mutating func next() -> Candidate? { candidates.popLast() }

    /// Takes note of one, if it is among the first to go.
    mutating func add(_ candidate: Candidate) {
        if candidates.count == Self.kept {
            guard let least = candidates.first, candidate.goesBefore(least) else { return }
            candidates.removeFirst()
        }
        let place = candidates.firstIndex { !candidate.goesBefore($0) } ?? candidates.count
        candidates.insert(candidate, at: place)
    }
}
