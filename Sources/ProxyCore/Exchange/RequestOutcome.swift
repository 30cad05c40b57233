/// What became of a request, in the words of the metrics: a decision and its reason, both from closed lists.
package struct RequestOutcome: Sendable {
    package let decision: StaticString
    /// Empty where nothing has to be explained.
    package let reason: StaticString
}

/// Every outcome that a request can have, each with a number to count it by. Nothing that a caller chooses is in one.
package struct RequestOutcomes: Sendable {
    package let all: [RequestOutcome]
    /// Open addressing over the reasons of what was not observed: numbers of `all`, 0 for a free place.
    private let table: [UInt8]
    private let observedFirst: Int

    /// Number 0: permitted, and answered by the application.
    static let allowed = 0
    private static let tableSize = 1024

    package init() {
        let refused = Self.unique(Denial.reasons + ["too_many_parked"] + OutgoingRefusal.reasons)
        let rejected = Self.unique(
            HeadError.allCases.map(\.reason) + BodyError.reasons + [
                "content_too_large", "request_timeout", "forwarded_head_too_long",
            ])
        var all = [RequestOutcome(decision: "allowed", reason: "")]
        all += refused.map { RequestOutcome(decision: "refused", reason: $0) }
        all += rejected.map { RequestOutcome(decision: "rejected", reason: $0) }
        all += UpstreamFailure.codes.map { RequestOutcome(decision: "failed", reason: $0) }
        all += [
            "token_expired", "certificate_expired", "client_ca_changed", "tunnel_idle", "drained", "caller_too_slow",
        ].map { RequestOutcome(decision: "cut", reason: $0) }
        all.append(RequestOutcome(decision: "abandoned", reason: "caller_gone"))
        all.append(RequestOutcome(decision: "failed", reason: "other"))
        table = Self.table(of: all)
        observedFirst = all.count
        all += refused.map { RequestOutcome(decision: "observed", reason: $0) }
        self.all = all
    }

    func number(of record: RequestRecord) -> Int {
        if let observed = record.observed { return observedFirst + number(of: observed.denial.reason) - 1 }
        return record.reason.map(number(of:)) ?? Self.allowed
    }

    /// The number of what was not observed with this reason.
    package func number(of reason: StaticString) -> Int {
        let bytes = reason.bytes
        var place = Self.home(of: bytes)
        while table[place] != 0 {
            let number = Int(table[place])
            if bytes.equals(all[number].reason) { return number }
            place = (place + 1) % Self.tableSize
        }
        return observedFirst - 1
    }

    private static func table(of outcomes: [RequestOutcome]) -> [UInt8] {
        var table = [UInt8](repeating: 0, count: tableSize)
        for (number, outcome) in outcomes.enumerated() where number != allowed {
            var place = home(of: outcome.reason.bytes)
            while table[place] != 0 { place = (place + 1) % tableSize }
            table[place] = UInt8(number)
        }
        return table
    }

    /// A few of the bytes tell nearly all reasons apart.
    private static func home(of reason: Span<UInt8>) -> Int {
        guard !reason.isEmpty else { return 0 }
        let (first, middle, last) = (reason[0], reason[reason.count / 2], reason[reason.count - 1])
        return (reason.count * 37 + Int(first) * 7 + Int(middle) * 61 + Int(last) * 13) % tableSize
    }

    private static func unique(_ reasons: [StaticString]) -> [StaticString] {
        var seen: Set<String> = []
        return reasons.filter { seen.insert($0.description).inserted }
    }
}
