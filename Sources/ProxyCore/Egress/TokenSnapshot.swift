/// What is known of one target's token at one moment. Immutable; made by the target's `TokenSource` for every worker.
package struct TokenSnapshot: Sendable {
    /// The number of the target's source.
    package let target: Int
    /// Grows with every token; 0 while there has been none.
    package let generation: Int
    /// `Authorization: Bearer …` with its line end; empty while there has been no token.
    let authorizationLine: [UInt8]
    /// Until when the token may be used.
    let usableUntil: Instant
    /// When it expires, by this machine's clock; for people.
    package let expiry: UnixTime?
    /// Why the latest attempt brought nothing; nil when it succeeded.
    package let lastFailure: TokenFailure?
    /// When the next attempt is due.
    let nextAttempt: Instant
    /// Before this a target's refusal causes no renewal.
    let refusalsCountFrom: Instant
    let settledTickets: UInt64

    /// True when there is a token that may be used.
    package func isUsable(at now: Instant) -> Bool { generation > 0 && now < usableUntil }

    /// True when what `ticket` asked for is over, whether it brought a token or not.
    package func settles(_ ticket: RefetchTicket) -> Bool { ticket.number <= settledTickets }
}
