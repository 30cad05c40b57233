import ProxyCore

/// Times operations that are too short for one look at the clock, and prints what one of each takes.
struct Stopwatch {
    /// Parts of names; only what has one of them in its name is timed. Empty for everything.
    let names: [String]
    private(set) var checksum = 0

    /// Long enough for the clock to cost nothing, short enough for some to go by undisturbed.
    private static let roundLength = Interval.milliseconds(5)
    private static let rounds = 21

    init(names: [String]) { self.names = names }

    /// Prints the name, the median and the least of the rounds in nanoseconds, and what to compare with, as
    /// `openssl speed` names it. `operation` gets a number that grows by one, to choose among inputs, and returns
    /// something of its result.
    mutating func time(
        _ name: String, peer: String = "", _ operation: (_ turn: Int) throws -> Int
    ) throws {
        guard names.isEmpty || names.contains(where: name.contains) else { return }
        var turn = 0
        var count = 1
        while try round(count, &turn, operation) < Self.roundLength { count *= 2 }
        var costs: [Double] = []
        for _ in 0..<Self.rounds {
            costs.append(Double(try round(count, &turn, operation).nanoseconds) / Double(count))
        }
        costs.sort()
        print("\(name)\t\(hundredths(costs[costs.count / 2]))\t\(hundredths(costs[0]))\t\(peer)")
    }

    private mutating func round(
        _ count: Int, _ turn: inout Int, _ operation: (_ turn: Int) throws -> Int
    ) rethrows -> Interval {
        let start = Clock.monotonic()
        var sum = 0
        for _ in 0..<count {
            sum &+= try operation(turn)
            turn &+= 1
        }
        let end = Clock.monotonic()
        checksum &+= sum
        return end.since(start)
    }

    private func hundredths(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
