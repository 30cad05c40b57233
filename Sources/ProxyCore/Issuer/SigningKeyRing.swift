/// The signing keys in use, as they were at the last look: read from their directory, and again whenever that has
/// changed. Belongs to the server's thread.
package final class SigningKeyRing {
    private var keys: [SigningKey]
    private let schedule: SigningKeySchedule
    private let file: ChangingFile<[SigningKey]>?
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
        file = nil
    }

    /// The keys of a directory, of which there is always one; nil when they cannot be read at the start.
    package init?(_ file: ChangingFile<[SigningKey]>, _ schedule: SigningKeySchedule) {
        self.schedule = schedule
        self.file = file
        guard let keys = file.refreshed() else { return nil }
        self.keys = keys
    }

    /// The key that signs now, and with `algorithm` if that is not nil.
    func signer(_ algorithm: SignatureAlgorithm?, at now: UnixTime) -> SigningKey {
        if let choice = chosen[algorithm], choice.madeAt == now { return choice.key }
        let fitting = keys.filter { algorithm == nil || $0.algorithm == algorithm }
        let since = schedule.signingSince(fitting.map(\.activates), at: now)
        guard let key = fitting.first(where: { $0.activates == since }) ?? keys.first else {
            preconditionFailure("a ring has a key")
        }
        chosen[algorithm] = Choice(key: key, madeAt: now)
        return key
    }

    /// The keys that verifiers are told of: those to come, those that sign, and those whose tokens may still live.
    func published(at now: UnixTime) -> [SigningKey] {
        let all = keys.map(\.activates)
        return keys.filter { key in
            switch schedule.phase(of: key.activates, among: all, at: now) {
            case .next, .ahead, .signing, .old: true
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

    /// One look at the directory.
    func refresh() {
        guard let keys = file?.refreshed() else { return }
        self.keys = keys
        chosen = [:]
    }
}
