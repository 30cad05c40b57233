#if FAULT_INJECTION
    import Foundation
    import ProxyCore
    import Synchronization
    import XCTest

    /// Runs a scenario once for each fault that may befall one of its calls.
    ///
    /// All of them take minutes, so without further wishes each scenario takes some seconds, and what comes first is
    /// decided by a seed. In the environment:
    ///
    /// - `FAULTS=all`: every one.
    /// - `FAULTS_SECONDS=60`: so long for each scenario.
    /// - `FAULTS_SEED=7`: another order.
    /// - `FAULTS_CASE=get/worker-0/send/2/EPIPE`: this one, or all whose names begin so.
    struct FaultSweep {
        let scenario: String
        private let environment = ProcessInfo.processInfo.environment

        init(_ scenario: String) { self.scenario = scenario }

        /// - Parameter run: plays the scenario with the fault, or without one and with the injector armed, and returns
        ///   what went wrong. `counts` are those of the injector.
        func run(
            _ injector: FaultInjector, line: UInt = #line, _ run: (Fault?) throws -> [String]
        ) throws {
            XCTAssertEqual(try guarded("\(scenario)/none", { try run(nil) }), [], line: line)
            let all = Self.faults(injector.counts)
            let chosen = chosen(all)
            let until = Date().addingTimeInterval(seconds)
            var (ran, failed) = (0, 0)
            for fault in chosen where Date() < until && failed < 5 {
                let name = "\(scenario)/\(fault.name)"
                ran += 1
                let problems = try guarded(name) { try run(fault) }
                guard !problems.isEmpty else { continue }
                failed += 1
                XCTFail(
                    "\(name): \(problems.joined(separator: "; ")). "
                        + "Once more: FAULTS_CASE=\(name) scripts/test --filter Fault", line: line)
            }
            print("faults: \(scenario): \(ran) of \(all.count), seed \(seed)")
            XCTAssertGreaterThan(ran, 0, line: line)
        }

        private var seed: UInt64 { environment["FAULTS_SEED"].flatMap { UInt64($0) } ?? 1 }

        private var seconds: Double {
            if environment["FAULTS"] == "all" || environment["FAULTS_CASE"] != nil { return 86_400 }
            return environment["FAULTS_SECONDS"].flatMap { Double($0) } ?? 2
        }

        private static func faults(_ counts: [Fault.Place: Int]) -> [Fault] {
            counts.sorted { $0.key < $1.key }.flatMap { place, count in
                (Fault.Effect.possible[place.call] ?? []).flatMap { effect in
                    (1...count).map { Fault(place: place, number: $0, effect: effect) }.filter(\.isPlausible)
                }
            }
        }

        private func chosen(_ all: [Fault]) -> [Fault] {
            if let wanted = environment["FAULTS_CASE"] {
                let found = all.filter { "\(scenario)/\($0.name)".hasPrefix(wanted) }
                return found.isEmpty ? Array(all.prefix(1)) : found
            }
            var random = SeededRandom(seed: seed)
            return all.shuffled(using: &random)
        }

        /// Ends the process, with the name of the case, when `body` does not return. Whoever ends it otherwise finds
        /// the name in a file.
        private func guarded(_ name: String, _ body: () throws -> [String]) throws -> [String] {
            _ = FileManager.default.createFile(
                atPath: NSTemporaryDirectory() + "scopeproxy-fault", contents: Data((name + "\n").utf8))
            let done = try WakeUp()
            let watch = try ProxyCore.Thread.start(name: "watch") {
                do throws(WaitError) {
                    try Patience(until: .never, cancel: done).atMost(.seconds(60)).awaitDeadline()
                    fatalError("\(name) hangs")
                } catch {
                    // It has returned.
                }
            }
            defer {
                done.signal()
                watch.join()
            }
            do {
                return try body()
            } catch {
                return ["\(error)"]
            }
        }
    }
#endif
