/// Who decides about the requests of a listener: each of them needs a permit, which nobody else can make.
package enum Judge {
    /// About callers of the API, by their tokens.
    case gate(Gate)
    /// About the service's own calls, by where they go.
    case outgoing(OutgoingCalls)

    /// What the gate's routes and claims reserve; nil for outgoing calls.
    var policy: AccessPolicy? {
        switch self {
        case .gate(let gate): gate.policy
        case .outgoing: nil
        }
    }

    /// Bytes that it may have added to a head, beside what is set on every request.
    var addedBytesMax: Int {
        switch self {
        case .gate: IdentityFields.linesMax
        case .outgoing(let calls):
            TokenAnswer.tokenBytesMax + (calls.ways.map(\.rules.setLines.count).max() ?? 0)
        }
    }
}

/// What decides about the service's own calls, and how each target is reached. One object, so that a `Judge` is one
/// word.
package final class OutgoingCalls {
    let gate: OutgoingGate
    /// Of each target.
    let ways: [OutgoingWay]

    package init(_ gate: OutgoingGate, _ ways: [OutgoingWay]) {
        self.gate = gate
        self.ways = ways
    }

    /// Of each target.
    var pools: [UpstreamPool] { ways.map(\.pool) }
}

/// How one worker reaches a target of outgoing calls.
package final class OutgoingWay {
    let pool: UpstreamPool
    let rules: ForwardingRules

    package init(pool: UpstreamPool, forwarding: ForwardingOptions) {
        self.pool = pool
        rules = ForwardingRules(forwarding, identity: nil)
    }
}

/// Where an outgoing call goes, and with which token.
struct OutgoingCall {
    let target: Int
    let way: OutgoingWay
    /// Which of the target's tokens it carries.
    var generation: Int
    /// Where `Authorization` stands in the head that was written, with its line end.
    var authorization: Range<Int>
}
