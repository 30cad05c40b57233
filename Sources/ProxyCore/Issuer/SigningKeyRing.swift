/// The signing keys in use: read from their directory, and again whenever that has changed. Belongs to the server's
/// thread.
package final class SigningKeyRing {
    /// Reads the keys; nil when they cannot be had, and whoever gives this function has told why.
    package typealias Load = () -> [SigningKey]?

    private var keys: [SigningKey]
    private let schedule: SigningKeySchedule
    private let identity: () -> FileIdentity?
    private let load: Load
    private var lastRead: FileIdentity?
    /// When a directory that could not be read is read once more though it is the same: it may have been a shortage.
    private var nextAttempt = Instant.never
    private static let attemptPause = Interval.seconds(2)
    private var chosen: [SignatureAlgorithm?: Choice] = [:]

    private struct Choice {
        let key: SigningKey
        let madeAt: UnixTime
    }

    /// Keys that stay as they are, at least one.
    package init(_ keys: [SigningKey], _ schedule: SigningKeySchedule = SigningKeySchedule()) {
        precondition(!keys.isEmpty)
        self.keys = keys
        self.schedule = schedule
        identity = { nil }
        load = { nil }
    }

    /// The keys of a directory, whose `identity` changes when they do; nil when there are none at the start. Keys that
    /// cannot be read later leave those that were known before.
    package init?(_ schedule: SigningKeySchedule, identity: @escaping () -> FileIdentity?, load: @escaping Load) {
        self.schedule = schedule
        self.identity = identity
        self.load = load
        lastRead = identity()
        guard let keys = load(), !keys.isEmpty else { return nil }
        self.keys = keys
    }

    /// The key that signs now, and with `algorithm` if that is not nil.
    func signer(_ algorithm: SignatureAlgorithm?, at now: UnixTime) -> SigningKey {
        refresh()
        if let choice = chosen[algorithm], choice.madeAt == now { return choice.key }
        let fitting = keys.filter { algorithm == nil || $0.algorithm == algorithm }
        let since = SigningKeySchedule.signingSince(fitting.map(\.activates), at: now)
        guard let key = fitting.first(where: { $0.activates == since }) ?? keys.first else {
            preconditionFailure("a ring has a key")
        }
        chosen[algorithm] = Choice(key: key, madeAt: now)
        return key
    }

    /// The keys that verifiers are told of: those to come, those that sign, and those whose tokens may still live.
    func published(at now: UnixTime) -> [SigningKey] {
        refresh()
        let all = keys.map(\.activates)
        return keys.filter { key in
            switch schedule.phase(of: key.activates, among: all, at: now) {
            case .next, .signing, .old: true
            case .expired: false
            }
        }
    }

    /// The published key of that name.
    func published(_ keyID: [UInt8]?, at now: UnixTime) -> SigningKey? {
        guard let keyID else { return nil }
        return published(at: now).first { key in Array(key.keyID.utf8) == keyID }
    }

    var maxAgeSeconds: Int64 { schedule.maxAgeSeconds }

    /// One look at the directory: the cost of a system call.
    private func refresh() {
        guard let identity = identity() else { return }
        guard identity != lastRead || (nextAttempt != .never && Clock.monotonic() >= nextAttempt) else { return }
        // Taken before the keys are read: a change in between shows next time.
        lastRead = identity
        guard let keys = load(), !keys.isEmpty else {
            nextAttempt = Clock.monotonic().advanced(by: Self.attemptPause)
            return
        }
        nextAttempt = .never
        self.keys = keys
        chosen = [:]
    }
}
