/// A worker's connections to upstreams: kept through reloads for those that stay what they are.
final class WorkerPools {
    private let loop: EventLoop
    private var pools: [Int: UpstreamPool] = [:]
    private var allowances: [String: UpstreamAllowance] = [:]

    init(loop: EventLoop) { self.loop = loop }

    /// The pools for these upstreams, made where there are none. All others are retired: their connections end after
    /// what they carry, and until then count among those of the upstream by the same name.
    func adopt(_ places: [UpstreamPlace], _ options: [UpstreamPoolOptions], names: [String]) -> [UpstreamPool] {
        let before = (pools, allowances)
        pools = [:]
        allowances = [:]
        var adopted: [UpstreamPool] = []
        for ((place, options), name) in zip(zip(places, options), names) {
            let allowance = before.1[name] ?? UpstreamAllowance(connectionsMax: options.connectionsMax)
            allowances[name] = allowance
            let kept = before.0[place.number]
            kept?.join(allowance)
            kept?.setOptions(options)
            let pool =
                kept
                ?? UpstreamPool(loop: loop, addresses: place.addresses, options: options, allowance: allowance)
            pools[place.number] = pool
            adopted.append(pool)
        }
        for (number, pool) in before.0 where pools[number] == nil { pool.retire() }
        // A bound may be higher now, and those who wait may do so in a pool that was retired.
        for allowance in allowances.values { allowance.serve() }
        return adopted
    }

    /// Addresses for connections from now on; of an upstream that is gone they are of no use.
    func setAddresses(_ addresses: [SocketAddress], of number: Int) { pools[number]?.setAddresses(addresses) }

    /// Closes what is at rest, for the end of the worker.
    func closeIdle() {
        for pool in pools.values { pool.closeIdle() }
    }
}
