import ProxyCore

/// The state machine of one connection, with events of the input's choice: one byte for each.
final class ExchangeTarget: FuzzTarget {
    func run(_ input: Span<UInt8>) {
        var bytes = input.copied()[...]
        // When no byte is left the walk takes the first way that is open, which leads to an end.
        var walk = ExchangeWalk { bound in Int(bytes.popFirst() ?? 0) % bound }
        walk.run()
        require(walk.fault == nil, "\(walk.fault ?? "") after \(walk.events)")
    }
}
