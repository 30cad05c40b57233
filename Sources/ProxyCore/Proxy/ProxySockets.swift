/// Opens the sockets that a proxy listens on, or takes those that the process was started with.
struct ProxySockets {
    private let configuration: Configuration
    private var inherited: InheritedSockets
    private let workers: Int

    /// What a socket may be named for, beside the keys of the configuration that it belongs to.
    private static let keys = ["listen", "egress", "admin"]

    /// Those of each worker, and the admin listener's.
    static func open(
        _ configuration: Configuration, _ inherited: InheritedSockets
    ) throws(ProxyStartError) -> (workers: [WorkerSockets], admin: ListeningSocket?) {
        var sockets = ProxySockets(
            configuration: configuration, inherited: inherited,
            workers: configuration.workers ?? ProcessorCount.usable())
        return try sockets.openAll()
    }

    private mutating func openAll() throws(ProxyStartError) -> (workers: [WorkerSockets], admin: ListeningSocket?) {
        // First whatever there is already: a mistake there is told before a port is taken.
        let callers = try take("listen", at: configuration.listen, max: workers)
        let egress = try take("egress", at: configuration.egress?.listen, max: workers)
        let admin = try take("admin", at: configuration.admin, max: 1)
        do throws(InheritedSocketsProblem) { try inherited.checkAllTaken() } catch { throw .inherited(error) }
        return (try openWorkers(callers, egress), try openAdmin(admin))
    }

    private mutating func take(
        _ key: String, at address: SocketAddress?, max: Int
    ) throws(ProxyStartError) -> [ListeningSocket] {
        guard let address else { return [] }
        do throws(InheritedSocketsProblem) {
            return try inherited.take(key, of: Self.keys, at: address, max: max)
        } catch {
            throw .inherited(error)
        }
    }

    private func openWorkers(
        _ inherited: [ListeningSocket], _ inheritedEgress: [ListeningSocket]
    ) throws(ProxyStartError) -> [WorkerSockets] {
        let callers: [ListeningSocket]
        do throws(Errno) { callers = try forEachWorker(inherited, or: configuration.listen) } catch {
            throw .listen(configuration.listen, error)
        }
        guard let egress = configuration.egress else {
            return callers.map { WorkerSockets(callers: $0, outgoing: nil) }
        }
        do throws(Errno) {
            let outgoing = try forEachWorker(inheritedEgress, or: egress.listen)
            return zip(callers, outgoing).map { WorkerSockets(callers: $0, outgoing: $1) }
        } catch {
            throw .egress(egress.listen, error)
        }
    }

    private func openAdmin(_ inherited: [ListeningSocket]) throws(ProxyStartError) -> ListeningSocket? {
        guard let address = configuration.admin else { return nil }
        if let socket = inherited.first { return socket }
        do throws(Errno) { return try ListeningSocket(on: address, shared: configuration.reusesPort) } catch {
            throw .admin(address, error)
        }
    }

    /// Of those that were inherited, each goes to as many workers as the others; or all are on one port.
    private func forEachWorker(
        _ inherited: [ListeningSocket], or address: SocketAddress
    ) throws(Errno) -> [ListeningSocket] {
        guard !inherited.isEmpty else { return try open(on: address) }
        var sockets = inherited
        for index in inherited.count..<max(workers, inherited.count) {
            sockets.append(try inherited[index % inherited.count].duplicate())
        }
        return sockets
    }

    /// One for each worker, all on the port that the first one got.
    private func open(on address: SocketAddress) throws(Errno) -> [ListeningSocket] {
        var address = address
        var sockets: [ListeningSocket] = []
        try refuseSharing(address)
        for _ in 0..<workers {
            let socket = try ListeningSocket(on: address, shared: true, hasHeirs: configuration.reusesPort)
            address = socket.address
            sockets.append(socket)
        }
        return sockets
    }

    /// With SO_REUSEPORT a second proxy of the same user could take half of the first one's connections unnoticed. A
    /// socket that does not share, bound first and closed again, finds out whether somebody is there.
    private func refuseSharing(_ address: SocketAddress) throws(Errno) {
        guard !configuration.reusesPort, let port = address.port, port != 0 else { return }
        try Socket.checkFree(address)
    }
}
