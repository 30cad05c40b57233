/// Makes the signing keys that become due and removes those of no use, on a thread of its own: making one takes longer
/// than a caller should wait.
final class SigningKeyKeeper: Sendable {
    private let store: SigningKeyStore
    private let log: LogWriter
    private let end: WakeUp

    init(_ store: SigningKeyStore, log: LogWriter) throws(Errno) {
        self.store = store
        self.log = log
        end = try WakeUp()
    }

    func start() throws(Errno) -> Thread {
        try Thread.start(name: "signing-keys") { self.run() }
    }

    /// Makes the thread end.
    func stop() { end.signal() }

    /// Often enough that a key is published for nearly as long as it should be.
    private var pause: Interval {
        let seconds = min(store.schedule.publishBeforeSeconds, store.schedule.rotateAfterSeconds ?? 3600)
        return .seconds(Double(min(max(seconds / 20, 1), 60)))
    }

    private func run() {
        let patience = Patience(until: .never, cancel: end)
        var told: Set<String> = []
        while true {
            do throws(WaitError) { try patience.atMost(pause).awaitDeadline() } catch { return }
            do throws(SigningKeyStore.Failure) {
                let ahead = try store.maintain(at: Clock.unixTime())
                for key in ahead where !told.contains(key.keyID) { tell(of: key) }
                told = Set(ahead.map(\.keyID))
            } catch {
                log.log(.error, "signing_keys_not_maintained") { $0.field("error", error.message) }
            }
        }
    }

    private func tell(of key: SigningKeyFile) {
        log.log(.warn, "signing_key_ahead") { line in
            line.field("kid", key.keyID)
            line.field("activates", Timestamp.text(key.activates))
            line.field("path", "\(store.path)/\(key.name)")
            line.field("hint", "it was made while a clock was ahead; no rotation waits for it; remove its file")
        }
    }
}
