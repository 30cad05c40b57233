/// Keeps the upstream's addresses current. A name is looked up on a thread of its own, at the start and from then on
/// regularly, since a service may move; event loops never wait for a resolver.
final class UpstreamAddresses: Sendable {
    private let address: UpstreamAddress
    private let log: LogWriter
    private let end: WakeUp
    private let publish: @Sendable ([SocketAddress]) -> Void

    /// How long the start waits for the first look-up. The proxy starts without an answer too: its upstream may come
    /// up later, and until then requests get 502.
    private static let firstLookUp = Interval.seconds(5)
    private static let refresh = Interval.seconds(30)
    private static let retry = Interval.seconds(2)

    init(
        _ address: UpstreamAddress, log: LogWriter, publish: @escaping @Sendable ([SocketAddress]) -> Void
    ) throws(Errno) {
        self.address = address
        self.log = log
        self.publish = publish
        end = try WakeUp()
    }

    /// What is known at the start; for a name, after one look-up.
    func initial() -> [SocketAddress] {
        switch address {
        case .unix(let path): return [.unix(path: path)]
        case .tcp(let host, let port):
            if let known = Resolver.addressesWithoutLookUp(of: host) { return known.map { .ip($0, port: port) } }
            return lookUp(host, port, for: Self.firstLookUp) ?? []
        }
    }

    /// Starts to look the name up again and again; nil when there is no name to look up.
    func start(known: [SocketAddress]) throws(Errno) -> Thread? {
        guard case .tcp(let host, let port) = address, Resolver.addressesWithoutLookUp(of: host) == nil
        else { return nil }
        return try Thread.start(name: "upstream-name") { self.run(host, port, known) }
    }

    /// Makes the thread end.
    func stop() { end.signal() }

    private func run(_ host: String, _ port: UInt16, _ known: [SocketAddress]) {
        var known = known
        let patience = Patience(until: .never, cancel: end)
        while true {
            do throws(WaitError) {
                try patience.atMost(known.isEmpty ? Self.retry : Self.refresh).awaitDeadline()
            } catch {
                return
            }
            guard let found = lookUp(host, port, for: Self.firstLookUp), found != known else { continue }
            known = found
            publish(found)
        }
    }

    private func lookUp(_ host: String, _ port: UInt16, for time: Interval) -> [SocketAddress]? {
        let patience = Patience(until: .never, cancel: end).atMost(time)
        do throws(Resolver.Failure) {
            return try Resolver.addresses(of: host, port: port, patience)
        } catch {
            switch error {
            case .refused(let message): warn(host, message)
            case .waiting(.timedOut): warn(host, "the resolver does not answer")
            case .waiting(.failed(let error)): warn(host, error.description)
            case .waiting(.cancelled): break
            }
            return nil
        }
    }

    private func warn(_ host: String, _ message: String) {
        log.log(.warn, "upstream_not_resolved") { line in
            line.field("host", host)
            line.field("error", message)
        }
    }
}
