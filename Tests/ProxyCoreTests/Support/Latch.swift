import ProxyCore

/// Lets a scripted server wait for the test: `pass` returns once `open` was called, or after 20 seconds.
final class Latch: Sendable {
    private let opened: WakeUp

    init() throws { opened = try WakeUp() }

    /// For good.
    func open() { opened.signal() }

    func pass() {
        // As the cancellation of a wait, the signal stays.
        try? Patience(until: .never, cancel: opened).atMost(.seconds(20)).awaitDeadline()
    }
}
