/// Slows down whoever guesses secrets: after some attempts that failed, further ones have to wait, longer each time.
/// Belongs to the server's thread.
///
/// What has failed is counted for a client and an address together, and for an address alone. So a stranger elsewhere
/// cannot lock a client out, whatever it tries; and one behind the same address cannot with other clients' names,
/// because an address's failures do not count for a client that has authenticated from there before.
final class GuessGuard {
    private struct Pair: Hashable {
        let client: String
        let address: IPAddress
    }

    private struct Record {
        var failures = 0
        var blockedUntil: Int64 = 0
        var hasSucceeded = false
    }

    private let limits: GuessLimits
    private var pairs: AgingTable<Pair, Record>
    private var addresses: AgingTable<IPAddress, Record>

    init(_ limits: GuessLimits) {
        self.limits = limits
        pairs = AgingTable(entriesMax: limits.entriesMax, age: limits.memorySeconds)
        addresses = AgingTable(entriesMax: limits.entriesMax, age: limits.memorySeconds)
    }

    /// Seconds that the caller has to wait before its secret is looked at; nil when it need not.
    func wait(for client: String, from address: IPAddress?, at now: UnixTime) -> Int64? {
        guard let address = address?.callersNetwork else { return nil }
        let pair = pairs.value(Pair(client: Self.key(client), address: address), at: now)
        let pairWait = pair.map { remaining(of: $0, now) } ?? 0
        let mayPass = pair?.hasSucceeded ?? false
        let addressWait = mayPass ? 0 : addresses.value(address, at: now).map { remaining(of: $0, now) } ?? 0
        let longer = max(pairWait, addressWait)
        return longer > 0 ? longer : nil
    }

    func failed(_ client: String, from address: IPAddress?, at now: UnixTime) {
        guard let address = address?.callersNetwork else { return }
        let pair = Pair(client: Self.key(client), address: address)
        pairs.set(pair, counted(pairs.value(pair, at: now), free: limits.failuresPerClient, now), at: now)
        let record = counted(addresses.value(address, at: now), free: limits.failuresPerAddress, now)
        addresses.set(address, record, at: now)
    }

    func succeeded(_ client: String, from address: IPAddress?, at now: UnixTime) {
        guard let address else { return }
        let pair = Pair(client: Self.key(client), address: address.callersNetwork)
        if let known = pairs.value(pair, at: now), known.hasSucceeded, known.failures == 0 { return }
        pairs.set(pair, Record(hasSucceeded: true), at: now)
    }

    private func counted(_ record: Record?, free: Int, _ now: UnixTime) -> Record {
        var record = record ?? Record()
        record.failures += 1
        let beyond = record.failures - free
        if beyond >= 0 {
            record.blockedUntil = now.seconds + min(limits.waitMaxSeconds, 1 << Int64(min(beyond, 30)))
        }
        return record
    }

    /// A clock that was set back makes nobody wait longer than the longest wait.
    private func remaining(of record: Record, _ now: UnixTime) -> Int64 {
        min(record.blockedUntil - now.seconds, limits.waitMaxSeconds)
    }

    /// Names that no client can have are one: a table does not hold what a caller makes up at any length.
    private static func key(_ client: String) -> String { RegisteredClient.isID(client) ? client : "" }
}

/// When guessing is slowed down.
package struct GuessLimits: Sendable, Equatable {
    /// Attempts for one client from one address that may fail before the next has to wait: a second, then twice as long
    /// with each failure.
    package var failuresPerClient = 5
    /// The same for all clients together from one address.
    package var failuresPerAddress = 20
    /// The longest wait.
    package var waitMaxSeconds: Int64 = 60
    /// How long failures are remembered at least.
    package var memorySeconds: Int64 = 900
    /// Records that are kept, of each kind; the oldest go first.
    package var entriesMax = 20_000

    package init() {}
}

/// A table that forgets: what was not set for a while, and the older half of what it holds when it is full.
struct AgingTable<Key: Hashable, Value> {
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]
    private var turned: Int64 = 0
    private let halfMax: Int
    private let age: Int64

    /// - Parameter age: in seconds; what was set is kept that long, and at most twice as long.
    init(entriesMax: Int, age: Int64) {
        precondition(entriesMax >= 2 && age > 0)
        halfMax = entriesMax / 2
        self.age = age
    }

    mutating func value(_ key: Key, at now: UnixTime) -> Value? {
        turn(now)
        return young[key] ?? old[key]
    }

    mutating func set(_ key: Key, _ value: Value, at now: UnixTime) {
        turn(now)
        if young[key] == nil, young.count >= halfMax {
            old = young
            young = [:]
        }
        young[key] = value
    }

    private mutating func turn(_ now: UnixTime) {
        guard now.seconds >= turned + age || now.seconds < turned - age else { return }
        old = now.seconds >= turned + 2 * age ? [:] : young
        young = [:]
        turned = now.seconds
    }
}
