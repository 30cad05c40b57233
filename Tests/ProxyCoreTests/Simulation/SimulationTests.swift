#if FAULT_INJECTION
    import Foundation
    import ProxyCore
    import XCTest

    /// Thousands of short lives of a worker on a simulated kernel (docs/reliability.md, "Simulation").
    ///
    /// `SCOPEPROXY_SIMULATION_SEED=7 scripts/test --filter Simulation` plays one life again and prints what happens in
    /// it; `SCOPEPROXY_SIMULATION_RUNS` says how many there are, each with the seed that follows on the one before.
    final class SimulationTests: XCTestCase {
        static let drain: UInt64 = 30_000_000_000
        private static let runsByDefault = 400
        /// What happens is told of the first one.
        private static let failuresMax = 12

        private var tokens: SimulatedTokens!
        private var log: LogWriter!
        private var configurations: [String: Configuration] = [:]

        override func setUpWithError() throws {
            tokens = try SimulatedTokens()
            log = try LogWriter(target: STDERR_FILENO, level: .error, format: .json)
            for rules in SimulatedRules.all {
                configurations[rules.name] = try ConfigurationLoader(environment: { _ in nil }).load(
                    Array(rules.text.utf8), file: "/nowhere/routes.json")
            }
        }

        func testEveryRunKeepsTheRules() throws {
            let environment = ProcessInfo.processInfo.environment
            let runs = environment["SCOPEPROXY_SIMULATION_RUNS"].flatMap { Int($0) }
            let seed = environment["SCOPEPROXY_SIMULATION_SEED"].flatMap { UInt64($0) }
            let first = seed ?? 1
            let count = runs ?? (seed == nil ? Self.runsByDefault : 1)
            var failures = 0
            var tally: [String: Int] = [:]
            for seed in first..<(first + UInt64(count)) {
                SimulationCrash.note(seed)
                let simulation = Simulation(seed: seed, tokens: tokens)
                let broken = simulation.run(configurations, tokens: tokens, log: log)
                tally.merge(simulation.tally, uniquingKeysWith: +)
                if broken.isEmpty, environment["SCOPEPROXY_SIMULATION_SEED"] == nil || count > 1 { continue }
                failures += broken.isEmpty ? 0 : 1
                if failures > 1 {
                    XCTFail("seed \(seed): \(broken.joined(separator: "; "))")
                } else {
                    report(seed, broken)
                }
                if failures == Self.failuresMax { break }
            }
            SimulationCrash.note(nil)
            print("simulation: \(count) runs from seed \(first), \(failures) broken")
            for (what, number) in tally.sorted(by: { $0.key < $1.key }) { print("simulation: \(number) \(what)") }
        }

        func testTheSameSeedGivesTheSameRun() throws {
            for seed in [UInt64](1...10) {
                let runs = (0..<2).map { _ in Simulation(seed: seed, tokens: tokens, isTracing: true) }
                for run in runs { _ = run.run(configurations, tokens: tokens, log: log) }
                XCTAssertEqual(runs[0].trace, runs[1].trace, "seed \(seed)")
                XCTAssertEqual(runs[0].fingerprint, runs[1].fingerprint, "seed \(seed)")
            }
        }

        /// Plays the run once more, to tell what happens in it.
        private func report(_ seed: UInt64, _ broken: [String]) {
            let again = Simulation(seed: seed, tokens: tokens, isTracing: true)
            let brokenAgain = again.run(configurations, tokens: tokens, log: log)
            print(again.trace.joined(separator: "\n"))
            guard !broken.isEmpty else { return }
            XCTAssertEqual(broken, brokenAgain, "the same seed gives the same run")
            XCTFail(
                "seed \(seed): \(broken.joined(separator: "; "))\n"
                    + "again: SCOPEPROXY_SIMULATION_SEED=\(seed) scripts/test --filter SimulationTests/testEvery")
        }
    }
#endif
