import ProxyCore

/// The whole judgement over a request whose head has been read.
enum GateBenchmarks {
    static func run(_ stopwatch: inout Stopwatch) throws {
        let sample = SampleToken(.p256)
        let token = sample.bytes(number: 0)
        let gate = try gate(sample)
        try time("gate, public route", "GET /healthz", token, gate, permits: true, &stopwatch)
        try time("gate, no token", "GET /v2/users/4711", nil, gate, permits: false, &stopwatch)
        try time("gate, remembered token", "GET /v2/users/4711", token, gate, permits: true, &stopwatch)
        try time("gate, missing scope", "DELETE /v2/users/4711", token, gate, permits: false, &stopwatch)
        try time(
            "gate, remembered token, path with %20", "GET /v2/users/Bilbo%20Baggins", token, gate, permits: true,
            &stopwatch)
        try timeMany("head and gate, 1 token", count: 1, sample, gate, &stopwatch)
        try timeMany("head and gate, 10,000 tokens in no order", count: 10_000, sample, gate, &stopwatch)
    }

    private static func gate(_ sample: SampleToken) throws -> Gate {
        let policy = AccessPolicy(
            table: try SampleRoutes.table(count: 10), identity: try IdentityFields(IdentityOptions()), mode: .enforce)
        let gate = Gate(policy: policy, issuers: SampleToken.settings, limits: Limits())
        gate.install(try sample.keySet, issuer: 0)
        return gate
    }

    private static func time(
        _ name: String, _ line: String, _ token: [UInt8]?, _ gate: Gate, permits: Bool, _ stopwatch: inout Stopwatch
    ) throws {
        let bytes = SampleRequest.bytes(line, token: token)
        var head = RequestHead()
        try SampleRequest.parse(bytes, into: &head)
        try stopwatch.time(name) { _ in
            let verdict = gate.judge(head, bytes.span, certificate: nil, now: SampleToken.now, mayAwaitKeys: false)
            guard isPermit(verdict) == permits else { throw MicroError.wrongResult(of: name) }
            return 1
        }
    }

    private static func timeMany(
        _ name: String, count: Int, _ sample: SampleToken, _ gate: Gate, _ stopwatch: inout Stopwatch
    ) throws {
        let requests = (0..<count).map { SampleRequest.bytes("GET /v2/users/4711", token: sample.bytes(number: $0)) }
        var head = RequestHead()
        let judge = { (bytes: [UInt8]) throws in
            try SampleRequest.parse(bytes, into: &head)
            let verdict = gate.judge(head, bytes.span, certificate: nil, now: SampleToken.now, mayAwaitKeys: false)
            guard isPermit(verdict) else { throw MicroError.wrongResult(of: name) }
        }
        for request in requests { try judge(request) }
        try stopwatch.time(name) { turn in
            try judge(requests[turn &* 7919 % count])
            return 1
        }
    }

    private static func isPermit(_ verdict: consuming Verdict) -> Bool {
        switch consume verdict {
        case .permit: true
        case .refuse: false
        case .awaitKeys: false
        }
    }
}
