import Synchronization

/// What every worker makes its rules from, at the start and at each reload. Immutable.
struct WorkerRules: Sendable {
    let configuration: Configuration
    let policy: AccessPolicy
    let upstream: UpstreamPlace
    /// Of each issuer.
    let keys: [SuppliedKeys]
    /// What connections begin with; nil where callers speak plain HTTP, and at a reload that changes nothing in that.
    let tls: TLSServerContext?
    /// Of each worker.
    let counters: [RouteCounters]
    /// For the service's own calls; nil when they do not come through here.
    let outgoing: OutgoingRules?
}

/// The same for the service's own calls.
struct OutgoingRules: Sendable {
    let egress: EgressSettings
    let table: TargetTable
    /// Of each target.
    let tokens: [SuppliedTokens]
    let upstreams: [UpstreamPlace]
    /// Of each worker.
    let counters: [RouteCounters]
}

/// An issuer's keys, by a number that stays the same as long as their source is kept.
struct SuppliedKeys: Sendable {
    let number: Int
    let source: KeySource
}

/// A target's tokens, likewise.
struct SuppliedTokens: Sendable {
    let number: Int
    let source: TokenSource
}

/// Where an upstream is, by a number that stays the same as long as connections to it may be used further.
struct UpstreamPlace: Sendable {
    let number: Int
    /// Those that are known now.
    let addresses: [SocketAddress]
}

/// The workers that have yet to go over to other rules.
final class RulesHandover: Sendable {
    private let left: Atomic<Int>
    /// Signalled when the last one has.
    let done: WakeUp

    init(workers: Int) throws(Errno) {
        left = Atomic(workers)
        done = try WakeUp()
    }

    func take() {
        if left.wrappingSubtract(1, ordering: .sequentiallyConsistent).newValue == 0 { done.signal() }
    }
}
