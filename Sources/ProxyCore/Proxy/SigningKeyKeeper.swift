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
        while true {
            do throws(WaitError) { try patience.atMost(pause).awaitDeadline() } catch { return }
            do throws(SigningKeyStore.Failure) {
                try store.maintain(at: Clock.unixTime())
            } catch {
                log.log(.error, "signing_keys_not_maintained") { $0.field("error", error.message) }
            }
        }
    }
}
