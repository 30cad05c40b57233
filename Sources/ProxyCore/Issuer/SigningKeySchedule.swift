/// When a signing key is published, when it signs, and when it goes: all of it follows from when keys begin to sign.
///
/// A key is published from when it is made. It begins to sign when every verifier has had time to fetch it, and ends
/// when the next one begins; it stays published until the last token that it may have signed has expired.
package struct SigningKeySchedule: Sendable, Equatable {
    /// How the tokens are signed.
    package var algorithm = SignatureAlgorithm.es256
    /// How long a key signs before the next one takes over; nil for as long as nobody rotates it by command.
    package var rotateAfterSeconds: Int64? = 30 * 86_400
    /// How long a key is published before it signs. Longer than verifiers keep a key set.
    package var publishBeforeSeconds: Int64 = 3600
    /// How long verifiers may keep the published keys. One that meets an unknown `kid` asks again anyway.
    package var maxAgeSeconds: Int64 = 600
    /// The longest life of a token.
    package var tokenLifetimeMax: Int64 = 3600

    /// For the clocks of verifiers, and for what takes its time on the way.
    package static let margin: Int64 = 120

    package init() {}

    /// What a key is at a moment.
    package enum Phase: Sendable, Equatable {
        /// Published, not signing yet.
        case next
        /// Published, but begins later than any key that was made by a clock that is right; see `isAhead`.
        case ahead
        case signing
        /// Published for the tokens that it has signed, which have expired at that time.
        case old(until: UnixTime)
        /// Of no use any more.
        case expired
    }

    /// What the schedule has to know of a key.
    package struct Place: Sendable, Equatable {
        package let algorithm: SignatureAlgorithm
        package let activates: UnixTime

        package init(_ algorithm: SignatureAlgorithm, activates: UnixTime) {
            self.algorithm = algorithm
            self.activates = activates
        }
    }

    /// True for a key that begins later than rotation would have one begin: it was made while a clock was ahead. No
    /// other key waits for it, or the one that signs now would do so until then.
    package func isAhead(_ activates: UnixTime, at now: UnixTime) -> Bool {
        activates.seconds - now.seconds > publishBeforeSeconds + (rotateAfterSeconds ?? Self.day)
    }

    private static let day: Int64 = 86_400

    /// When the key begins to sign that signs at `now`. While none has begun, as after a clock was set back, it is the
    /// first one that will: an issuer that has keys can sign. But one that begins soon, beside one that is ahead, is
    /// the successor that was made when the clock was right again, and verifiers may not have seen it yet.
    package func signingSince(_ all: [UnixTime], at now: UnixTime) -> UnixTime? {
        if let begun = all.filter({ $0 <= now }).max() { return begun }
        guard all.contains(where: { isAhead($0, at: now) }) else { return all.min() }
        return all.filter { $0.seconds > now.seconds + publishBeforeSeconds }.min()
    }

    /// The phase of the key that begins to sign at `activates`, among the keys that begin at `all`.
    package func phase(of activates: UnixTime, among all: [UnixTime], at now: UnixTime) -> Phase {
        if activates == signingSince(all, at: now) { return .signing }
        guard activates <= now else { return isAhead(activates, at: now) ? .ahead : .next }
        guard let successor = all.filter({ $0 > activates && $0 <= now }).min() else { return .signing }
        let end = UnixTime(successor.seconds + tokenLifetimeMax + Self.margin)
        return now < end ? .old(until: end) : .expired
    }

    /// When the key should begin to sign that has to be made now; nil when none has to be.
    package func nextActivation(after keys: [Place], at now: UnixTime) -> UnixTime? {
        if keys.isEmpty { return now }
        let earliest = now.seconds + publishBeforeSeconds
        let newest = keys.filter { !isAhead($0.activates, at: now) }.max { $0.activates < $1.activates }
        guard let newest, newest.algorithm == algorithm else { return Self.free(UnixTime(earliest), keys) }
        guard let rotateAfterSeconds else { return nil }
        return newest.activates.seconds + rotateAfterSeconds <= earliest ? Self.free(UnixTime(earliest), keys) : nil
    }

    /// When a key begins to sign that is made by command.
    package func activation(after keys: [Place], atOnce: Bool, at now: UnixTime) -> UnixTime {
        let delay = atOnce || keys.isEmpty ? 0 : publishBeforeSeconds
        return Self.free(UnixTime(now.seconds + delay), keys)
    }

    /// The first second from `time` on at which no key begins: one of two that begin together would have no end.
    private static func free(_ time: UnixTime, _ keys: [Place]) -> UnixTime {
        var time = time
        while keys.contains(where: { $0.activates == time }) { time = UnixTime(time.seconds + 1) }
        return time
    }
}
