/// The connections of one loop that can be spared when there is no place for another one, the first to go last.
///
/// To find out takes a look at every connection, so what one look has found serves several times.
struct SparedConnections {
    /// What a connection does, from those that go first on.
    enum Rank: Comparable {
        /// Nobody has asked for anything yet, handshakes included; or nothing more will be asked.
        case unasked
        /// It waits for another request.
        case idle
        /// It waits for the rest of a request, or for its answer to be taken.
        case underWay
    }

    struct Candidate {
        let registration: Registration
        let idleSince: Instant
        let rank: Rank

        /// True when this one goes before `other`: among equals the one that has done nothing for longest.
        func goesBefore(_ other: Candidate) -> Bool {
            if rank != other.rank { return rank < other.rank }
            return idleSince < other.idleSince
        }
    }

    /// A flood of connections is looked through once for so many of them.
    static let kept = 64
    /// A look at every connection that has found none to spare is not repeated before: each place that comes free
    /// would cause one otherwise.
    private static let lookPause = Interval.milliseconds(100)
    /// The one that goes first is the last element.
    private var candidates: [Candidate] = []
    /// When it may be worth a look whether there are any.
    private var nextLook = Instant(nanoseconds: 0)

    /// Ends the connection that goes first; false when there is none.
    ///
    /// - Parameters:
    ///   - look: adds every connection that may go.
    ///   - end: ends one; false when that is not what it was any more.
    mutating func endFirst(
        at now: Instant, look: (inout SparedConnections) -> Void, end: (Candidate) -> Bool
    ) -> Bool {
        if endKnown(end) { return true }
        guard now >= nextLook else { return false }
        look(&self)
        if endKnown(end) { return true }
        nextLook = now.advanced(by: Self.lookPause)
        return false
    }

    private mutating func endKnown(_ end: (Candidate) -> Bool) -> Bool {
        while let candidate = candidates.popLast() {
            if end(candidate) { return true }
        }
        return false
    }

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
