import Synchronization

/// How far the proxy is in its life, for probes. Moves forward only; any thread.
final class ServingState: Sendable {
    enum Phase: UInt8, AtomicRepresentable, Sendable {
        case starting
        /// All workers have been started.
        case serving
        /// About to end: no new connections are accepted, or not for long.
        case draining
    }

    private let current = Atomic<Phase>(.starting)

    var phase: Phase { current.load(ordering: .relaxed) }

    /// After the start; a proxy that drains already goes on draining.
    func serve() {
        _ = current.compareExchange(expected: .starting, desired: .serving, ordering: .relaxed)
    }

    func drain() { current.store(.draining, ordering: .relaxed) }
}
