import Synchronization

/// Keeps the upstream's addresses current. A name is looked up on a thread of its own, at the start and from then on
/// regularly, since a service may move; event loops never wait for a resolver.
///
/// Started, followed and stopped by one thread at a time.
final class UpstreamAddresses: Sendable {
    private let address: UpstreamAddress
    private let log: LogWriter
    private let end: WakeUp
    private let publish: @Sendable ([SocketAddress]) -> Void
    private let thread = Mutex<Thread?>(nil)

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

    /// Looks the name up again and again from now on, if it is one and that is not done already.
    func follow(known: [SocketAddress]) throws(Errno) {
        guard case .tcp(let host, let port) = address, Resolver.addressesWithoutLookUp(of: host) == nil,
            thread.withLock({ $0 == nil })
        else { return }
        let started = try Thread.start(name: "upstream-name") { self.run(host, port, known) }
        thread.withLock { $0 = started }
    }

    /// Ends the thread, and waits for it. To be called once.
    func stop() {
        end.signal()
        thread.withLock({ $0.take() })?.join()
    }

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
