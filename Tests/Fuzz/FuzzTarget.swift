import ProxyCore

/// What is fuzzed: takes any bytes, and ends the program when something is not as it has to be.
protocol FuzzTarget: AnyObject {
    func run(_ input: Span<UInt8>)
}

/// The targets by their names, which are also those of their folders in Corpus/.
enum FuzzTargets {
    static func named(_ name: String) -> any FuzzTarget {
        do {
            switch name {
            case "request-head": return RequestHeadTarget()
            case "response-head": return ResponseHeadTarget()
            case "chunked-body": return ChunkedBodyTarget()
            case "json": return JSONTarget()
            case "token": return try TokenTarget()
            case "key-set": return KeySetTarget()
            case "metadata": return try MetadataTarget()
            case "token-form": return TokenRequestTarget(.form)
            case "token-json": return TokenRequestTarget(.json)
            case "token-answer": return TokenAnswerTarget()
            case "challenge": return ChallengeTarget()
            case "path": return try PathTarget()
            case "exchange": return ExchangeTarget()
            case "connection": return try ConnectionTarget()
            default: fatalError("there is no target \"\(name)\"; scripts/fuzz calls this program by the name of one")
            }
        } catch {
            fatalError("the target \(name) cannot be made: \(error)")
        }
    }
}

/// Ends the program when `condition` does not hold: libFuzzer then keeps the input.
func require(_ condition: Bool, _ property: @autoclosure () -> String) {
    if !condition { fatalError("broken: \(property())") }
}

/// What a target chooses for itself (where to cut, which limits): drawn from the input, so that it is the same when the
/// input is run again, while a corpus stays readable.
func choices(for input: Span<UInt8>) -> SeededRandom {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for index in input.indices { hash = (hash ^ UInt64(input[index])) &* 0x100_0000_01B3 }
    return SeededRandom(seed: hash)
}

/// Up to three offsets at which `count` bytes are cut.
func cuts(of count: Int, _ random: inout SeededRandom) -> [Int] {
    (0..<(1 + random.next(upTo: 3))).map { _ in random.next(upTo: count + 1) }.sorted()
}
