/// What is known of one issuer's keys at one moment. Immutable; made by the issuer's `KeySource` for every worker.
package struct KeySnapshot: Sendable {
    package enum Origin: Sendable, Equatable {
        case network
        case file
        case inline
        /// The copy of an earlier run, while the issuer is away.
        case diskCopy
    }

    /// The number of the issuer's source.
    package let issuer: Int
    /// Nil: there are none that may be used, and tokens of this issuer cannot be judged.
    package let keys: KeySet?
    /// Grows whenever `keys` becomes another value; with the same generation there is nothing to install.
    package let generation: Int
    package let origin: Origin
    /// Where keys of the network were fetched, redirects aside.
    package let location: KeyLocation?
    /// When `keys` were last known to be current.
    package let fetchedAt: UnixTime?
    /// Why the latest attempt brought nothing; nil when it succeeded.
    package let lastFailure: KeyFetchFailure?
    /// Before this an unknown `kid` causes no fetch: the request is to be refused at once, and not to be parked.
    package let refetchAllowedFrom: Instant
    let settledTickets: UInt64

    /// - Parameter settledTickets: the refetch asked for last of those that have their answer.
    package init(
        issuer: Int, keys: KeySet?, generation: Int, origin: Origin, location: KeyLocation?, fetchedAt: UnixTime?,
        lastFailure: KeyFetchFailure?, refetchAllowedFrom: Instant, settledTickets: UInt64
    ) {
        self.issuer = issuer
        self.keys = keys
        self.generation = generation
        self.origin = origin
        self.location = location
        self.fetchedAt = fetchedAt
        self.lastFailure = lastFailure
        self.refetchAllowedFrom = refetchAllowedFrom
        self.settledTickets = settledTickets
    }

    /// The keys of a configuration: they never change, and nobody need ask for others.
    static func inline(_ keys: KeySet, issuer: Int) -> KeySnapshot {
        KeySnapshot(
            issuer: issuer, keys: keys, generation: 1, origin: .inline, location: nil, fetchedAt: nil,
            lastFailure: nil, refetchAllowedFrom: .never, settledTickets: .max)
    }

    /// True when the refetch that `ticket` stands for is over, whether it brought keys, failed or was not allowed: with
    /// these keys the request can be judged for good.
    package func settles(_ ticket: RefetchTicket) -> Bool { ticket.number <= settledTickets }

    /// True when it is worth while to ask for a refetch.
    package func allowsRefetch(at now: Instant) -> Bool { now >= refetchAllowedFrom }

    /// False when a worker that has `other` can do without this one. The keys are compared by their generation.
    func differs(from other: KeySnapshot) -> Bool {
        generation != other.generation || location != other.location || fetchedAt != other.fetchedAt
            || lastFailure != other.lastFailure
            || refetchAllowedFrom != other.refetchAllowedFrom || settledTickets != other.settledTickets
    }
}
