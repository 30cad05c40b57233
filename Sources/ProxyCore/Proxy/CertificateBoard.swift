import Synchronization

/// What is known of the certificates that callers are shown, for the admin listener. Any thread may use it.
final class CertificateBoard: Sendable {
    struct State: Sendable {
        /// Empty where callers speak plain HTTP.
        var certificates: [ServedCertificate] = []
        var reloads = 0
        var failedReloads = 0
    }

    private let state = Mutex(State())

    var current: State { state.withLock { $0 } }

    /// Those of the start.
    func install(_ certificates: [ServedCertificate]) { state.withLock { $0.certificates = certificates } }

    func reloaded(_ certificates: [ServedCertificate]) {
        state.withLock {
            $0.certificates = certificates
            $0.reloads += 1
        }
    }

    func reloadFailed() { state.withLock { $0.failedReloads += 1 } }
}
