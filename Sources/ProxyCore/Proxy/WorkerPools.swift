/// A worker's connections to upstreams: kept through reloads for those that stay what they are.
final class WorkerPools {
    private let loop: EventLoop
    private var pools: [Int: UpstreamPool] = [:]

    init(loop: EventLoop) { self.loop = loop }

    /// The pools for these upstreams, made where there are none. All others are retired: their connections end after
    /// what they carry.
    func adopt(_ places: [UpstreamPlace], _ options: [UpstreamPoolOptions]) -> [UpstreamPool] {
        let before = pools
        pools = [:]
        let adopted = zip(places, options).map { place, options in
            let kept = before[place.number]
            kept?.setOptions(options)
            let pool = kept ?? UpstreamPool(loop: loop, addresses: place.addresses, options: options)
            pools[place.number] = pool
            return pool
        }
        for (number, pool) in before where pools[number] == nil { pool.retire() }
        return adopted
    }

    /// Addresses for connections from now on; of an upstream that is gone they are of no use.
    func setAddresses(_ addresses: [SocketAddress], of number: Int) { pools[number]?.setAddresses(addresses) }

    /// Closes what is at rest, for the end of the worker.
    func closeIdle() {
        for pool in pools.values { pool.closeIdle() }
    }
}
