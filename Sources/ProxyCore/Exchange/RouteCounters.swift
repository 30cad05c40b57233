import Synchronization

/// What one worker counts by route, or by target: how many requests came to which outcome. Written on its thread, read
/// by the admin listener's. A table with other routes has other counters; `RouteTally` adds up.
package final class RouteCounters: Sendable {
    /// The identifiers of the routes, in the order of the table.
    package let ids: [String]
    private let outcomes: Int
    /// With one in front for requests that met no route.
    private let rows: Int
    private let block: CounterBlock
    /// How many rules have begun to count here, and how many of those are gone.
    private let begun = Atomic<Int>(0)
    private let ended = Atomic<Int>(0)

    package init(ids: [String], outcomes: RequestOutcomes) throws(Errno) {
        self.ids = ids
        self.outcomes = outcomes.all.count
        rows = ids.count + 1
        block = try CounterBlock(count: rows * outcomes.all.count)
    }

    /// What is counted on every good request comes first, and together for all routes.
    func count(outcome: Int, route: Int?) { block.add(1, to: outcome * rows + (route.map { $0 + 1 } ?? 0)) }

    /// Any thread; `route` is nil for requests that met none.
    func requests(outcome: Int, route: Int?) -> UInt64 { block[outcome * rows + (route.map { $0 + 1 } ?? 0)] }

    func beginUse() { begun.wrappingAdd(1, ordering: .sequentiallyConsistent) }

    func endUse() { ended.wrappingAdd(1, ordering: .sequentiallyConsistent) }

    /// True when it was counted here, and no request is left that could be.
    var isFinished: Bool {
        // Read in this order: rules begin before they end.
        let gone = ended.load(ordering: .sequentiallyConsistent)
        return gone > 0 && begun.load(ordering: .sequentiallyConsistent) == gone
    }
}

/// The requests of all workers by route identifier, through all reloads: what was counted for an identifier stays
/// counted, also when its route goes and comes again. Any thread may use it.
package final class RouteTally: Sendable {
    package struct Row: Sendable {
        package let id: String
        /// By the numbers of the outcomes.
        package var counts: [UInt64]
    }

    private struct State: Sendable {
        /// Of each worker.
        var current: [RouteCounters]
        /// Of tables before, by which requests under way may still be counted.
        var replaced: [RouteCounters] = []
        var past: [String: [UInt64]] = [:]
    }

    private let outcomes: RequestOutcomes
    private let state: Mutex<State>

    /// Identifiers that have gone and are remembered; those beyond are counted together.
    private static let pastMax = 10_000
    private static let together = "(removed)"

    package init(ids: [String], workers: Int, outcomes: RequestOutcomes) throws(Errno) {
        self.outcomes = outcomes
        state = Mutex(State(current: try Self.counters(ids, workers, outcomes)))
    }

    /// Of each worker, for the newest table.
    package var current: [RouteCounters] { state.withLock { $0.current } }

    /// Counters for a table with these routes: the same as before when the routes are. One thread at a time.
    package func renew(ids: [String]) throws(Errno) -> [RouteCounters] {
        let known = current
        guard known.first?.ids != ids else { return known }
        let fresh = try Self.counters(ids, known.count, outcomes)
        state.withLock { state in
            state.replaced += state.current
            state.current = fresh
            Self.settle(&state)
        }
        return fresh
    }

    /// For no route (with an empty identifier), then for the routes of the newest table in their order, then for those
    /// that were counted and are gone.
    package var rows: [Row] {
        let (current, replaced, past) = state.withLock { state in
            Self.settle(&state)
            return (state.current, state.replaced, state.past)
        }
        let none = [UInt64](repeating: 0, count: outcomes.all.count)
        var rows = ([""] + (current.first?.ids ?? [])).map { Row(id: $0, counts: none) }
        var places: [String: Int] = [:]
        for (place, row) in rows.enumerated() { places[row.id] = place }
        func add(_ counts: [UInt64], to id: String) {
            guard counts.contains(where: { $0 > 0 }) else { return }
            let place = places[id] ?? rows.count
            if place == rows.count {
                rows.append(Row(id: id, counts: none))
                places[id] = place
            }
            for index in counts.indices { rows[place].counts[index] += counts[index] }
        }
        for counters in current + replaced { Self.each(counters, outcomes.all.count) { add($1, to: $0) } }
        for id in past.keys.sorted() { add(past[id] ?? [], to: id) }
        return rows
    }

    private static func counters(
        _ ids: [String], _ workers: Int, _ outcomes: RequestOutcomes
    ) throws(Errno) -> [RouteCounters] {
        var counters: [RouteCounters] = []
        for _ in 0..<workers { counters.append(try RouteCounters(ids: ids, outcomes: outcomes)) }
        return counters
    }

    /// Adds what is complete to the past.
    private static func settle(_ state: inout State) {
        guard state.replaced.contains(where: \.isFinished), let outcomes = state.current.first?.outcomeCount else {
            return
        }
        for counters in state.replaced where counters.isFinished {
            each(counters, outcomes) { id, counts in
                guard counts.contains(where: { $0 > 0 }) else { return }
                let isKnown = state.past[id] != nil || state.past.count < pastMax
                let sum = state.past[isKnown ? id : together] ?? [UInt64](repeating: 0, count: outcomes)
                state.past[isKnown ? id : together] = zip(sum, counts).map { $0 + $1 }
            }
        }
        state.replaced.removeAll(where: \.isFinished)
    }

    private static func each(_ counters: RouteCounters, _ outcomes: Int, _ body: (String, [UInt64]) -> Void) {
        body("", (0..<outcomes).map { counters.requests(outcome: $0, route: nil) })
        for (route, id) in counters.ids.enumerated() {
            body(id, (0..<outcomes).map { counters.requests(outcome: $0, route: route) })
        }
    }
}

extension RouteCounters {
    fileprivate var outcomeCount: Int { outcomes }
}
