/// By what a worker judges requests and carries them out, from one reload of the configuration to the next.
///
/// A request keeps the rules that judged it to its end; those that no request refers to any more go. Made and used on
/// the worker's thread.
package final class ExchangeRules {
    package let judge: Judge
    /// The application's. Outgoing calls have pools of their own.
    package let pool: UpstreamPool
    package let limits: Limits
    package let timeouts: Timeouts
    let headLimits: HeadLimits
    let forwarding: ForwardingRules
    let problems: ProblemResponse
    package let parking: KeyParking
    let names: RequestNames
    let counters: RouteCounters
    /// A buffer of so many bytes takes the longest head, and the longest head with what the proxy adds to it.
    let bufferBytes: Int

    package init(
        judge: Judge, pool: UpstreamPool, options: ExchangeOptions, parking: KeyParking, names: RequestNames,
        counters: RouteCounters
    ) {
        self.judge = judge
        self.pool = pool
        self.parking = parking
        self.names = names
        self.counters = counters
        limits = options.limits
        timeouts = options.timeouts
        headLimits = HeadLimits(options.limits)
        forwarding = ForwardingRules(options.forwarding, identity: judge.policy?.identity)
        problems = ProblemResponse(realm: options.realm, table: judge.policy?.table ?? RouteTable.empty)
        bufferBytes = ExchangeContext.bufferBytes(
            options.limits, addedBytes: judge.addedBytesMax, setBytes: forwarding.setLines.count)
        counters.beginUse()
    }

    deinit { counters.endUse() }

    /// Every pool that these rules connect by.
    var pools: [UpstreamPool] {
        switch judge {
        case .gate: [pool]
        case .outgoing(let calls): calls.pools
        }
    }
}

/// What has been counted by objects that a reload may replace.
struct RulesTotals {
    var attempts = 0
    var hits = 0
    var misses = 0
    var evictions = 0

    init() {}

    init(_ rules: ExchangeRules) {
        attempts = rules.pools.reduce(0) { $0 + $1.attempts }
        guard case .gate(let gate) = rules.judge else { return }
        hits = gate.cache.hits
        misses = gate.cache.misses
        evictions = gate.cache.evictions
    }

    static func + (left: RulesTotals, right: RulesTotals) -> RulesTotals {
        var sum = left
        sum.attempts += right.attempts
        sum.hits += right.hits
        sum.misses += right.misses
        sum.evictions += right.evictions
        return sum
    }

    static func - (left: RulesTotals, right: RulesTotals) -> RulesTotals {
        var difference = left
        difference.attempts -= right.attempts
        difference.hits -= right.hits
        difference.misses -= right.misses
        difference.evictions -= right.evictions
        return difference
    }
}
