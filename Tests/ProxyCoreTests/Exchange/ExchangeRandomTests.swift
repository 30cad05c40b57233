import ProxyCore
import XCTest

/// Random series of whatever can happen on a connection, held to what must be true of all of them.
final class ExchangeRandomTests: XCTestCase {
    func testInvariantsHoldWhateverHappens() {
        let fresh = UInt64.random(in: .min ... .max)
        for seed in [UInt64](0..<3000) + [fresh] {
            let walk = walk(seed: seed)
            if let fault = walk.fault { return XCTFail("seed \(seed): \(fault) after \(walk.events)") }
        }
    }

    func testWalksGoEverywhere() {
        var actions: Set<String> = []
        var states: Set<String> = []
        for seed in 0..<3000 {
            let walk = walk(seed: UInt64(seed))
            actions.formUnion(walk.actions.map { "\($0)" })
            states.formUnion(walk.states)
        }
        XCTAssertEqual(actions.count, 17, "\(actions)")
        XCTAssertEqual(states.count, 16, "\(states)")
    }

    private func walk(seed: UInt64) -> ExchangeWalk {
        var random = SeededRandom(seed: seed)
        var walk = ExchangeWalk { bound in random.next(upTo: bound) }
        walk.run()
        return walk
    }
}
