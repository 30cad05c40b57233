/// The most memory that a configuration lets the proxy use: every limit reached at the same time, by callers who do
/// nothing but that. What it usually takes is a small part of it.
///
/// Of the process, not of the kernel: what that holds for sockets comes on top, and is bounded by the system's settings
/// (`net.ipv4.tcp_rmem`, `tcp_wmem` and, for all sockets together, `tcp_mem`).
package struct MemoryBound: Sendable {
    package struct Term: Sendable {
        /// What the memory is for, with the limits that it follows from.
        package let name: String
        package let bytes: UInt64
        /// The limit to lower for less of it; nil where none is.
        package let limit: String?
    }

    /// The largest first.
    package let terms: [Term]

    package var bytes: UInt64 { terms.reduce(0) { $0 + $1.bytes } }
    /// Rounded up.
    package var mebibytes: Int { Self.mebibytes(bytes) }

    package static func mebibytes(_ bytes: UInt64) -> Int { Int((bytes + (1 << 20) - 1) >> 20) }

    /// - Parameters:
    ///   - workers: how many there will be.
    ///   - connections: of callers; nil for `limits.connections`.
    package init(_ configuration: Configuration, workers: Int, connections: Int? = nil) {
        var sum = MemorySum(workers: workers)
        sum.addProgram(configuration)
        sum.addCallers(configuration, connections: connections ?? configuration.limits.connections)
        sum.addTokens(configuration.limits)
        sum.addKeys(configuration)
        if let egress = configuration.egress { sum.addEgress(egress, configuration) }
        // Sizes are rounded up, and what lies between two blocks is of use to nobody.
        let held = sum.terms.reduce(0) { $0 + $1.bytes }
        sum.add("what the allocator loses of all that", Int(held / 10), limit: nil)
        terms = sum.terms.sorted { $0.bytes > $1.bytes }
    }
}

/// Adds up the terms. The sizes of objects are measured ones, rounded up.
private struct MemorySum {
    let workers: Int
    private(set) var terms: [MemoryBound.Term] = []

    /// The binary and its libraries, as far as they are used, the stack of a thread and its tables.
    private static let program = 14 << 20
    private static let worker = 1 << 20
    /// The queue of the log and its twin that is being written.
    private static let log = 8 << 20
    /// A route with its template, its places in the tables, and its part of the metrics.
    private static let route = 8192
    /// The admin listener and its 32 connections.
    private static let admin = 4 << 20
    /// A connection that is at rest, with its places in the loop's tables.
    private static let connection = 2048
    /// TLS on a connection: its state, and the records that are under way. Measured: 12 KiB at rest.
    private static let tls = 64 << 10
    /// What is added to a request while it is under way, beside the copy of its target.
    private static let request = 8192
    /// What a request is kept in, which is used again.
    private static let relay = 12 << 10
    /// Free buffers that a worker keeps.
    private static let freeBuffers = 64
    /// A token that is remembered, beside its text and its claims.
    private static let token = 1024
    /// A document with keys while it is read, and a key, as it is known and as each worker has prepared it.
    private static let keyDocument = 4 << 20
    private static let key = 4096
    private static let keysMax = 1000

    mutating func add(_ name: String, _ bytes: Int, limit: String?) {
        terms.append(.init(name: name, bytes: UInt64(bytes), limit: limit))
    }

    mutating func addProgram(_ configuration: Configuration) {
        let admin = configuration.admin == nil ? 0 : Self.admin
        let routes = configuration.routes.count * Self.route
        let bytes = Self.program + Self.worker * workers + Self.log + admin + routes
        add("the program, its \(workers) worker\(workers == 1 ? "" : "s") and its log", bytes, limit: nil)
    }

    mutating func addCallers(_ configuration: Configuration, connections: Int) {
        let limits = configuration.limits
        let buffer = ExchangeContext.bufferBytes(limits, addedBytes: IdentityFields.linesMax, setBytes: Self.setBytes(
            configuration.upstream))
        let request = Self.connection + Self.request + limits.targetBytes
        add("\(connections) connections with a request each (limits.connections)", connections * request,
            limit: "limits.connections")
        // What came and cannot go on, and what waits to go out.
        add("two buffers of each (limits.connections)", connections * 2 * buffer, limit: "limits.connections")
        if configuration.listenTLS != nil {
            add("TLS of each (limits.connections)", connections * Self.tls, limit: "limits.connections")
        }
        addUpstream(configuration.upstream, users: connections, buffer: buffer, name: "upstream")
        let stock = Self.freeBuffers * buffer + min(ExchangeContext.relaysKeptMax, connections) * Self.relay
        add("what each worker keeps for requests to come", workers * stock, limit: nil)
    }

    private mutating func addUpstream(_ upstream: UpstreamSettings, users: Int, buffer: Int, name: String) {
        let open = workers * upstream.maxConnections
        let each = Self.connection + (upstream.tls == nil ? 0 : Self.tls)
        add("\(open) connections to the application, and their buffers (\(name).max_connections)",
            open * each + min(open, users) * 2 * buffer, limit: "\(name).max_connections")
    }

    /// A token lies there as it came and as its claims, which take up to three quarters of it, and as much again for
    /// where they are. More is only what the issuer signs on purpose, such as thousands of scopes of one letter.
    mutating func addTokens(_ limits: Limits) {
        add("\(limits.tokenCacheEntries) remembered tokens of each worker (limits.token_cache_entries, token_bytes)",
            workers * limits.tokenCacheEntries * (limits.tokenBytes * 5 / 2 + Self.token),
            limit: "limits.token_cache_entries or limits.token_bytes")
    }

    mutating func addKeys(_ configuration: Configuration) {
        let sources = configuration.issuers.count
        guard sources > 0 else { return }
        let each = Self.keyDocument + Self.keysMax * Self.key * (1 + workers)
        add("keys of \(sources) issuer\(sources == 1 ? "" : "s"), a thousand each", sources * each, limit: nil)
    }

    mutating func addEgress(_ egress: EgressSettings, _ configuration: Configuration) {
        let set = egress.targets.map { Self.setBytes($0.upstream) }.max() ?? 0
        let buffer = ExchangeContext.bufferBytes(
            configuration.limits, addedBytes: TokenAnswer.tokenBytesMax + set, setBytes: 0)
        let request = Self.connection + Self.request + configuration.limits.targetBytes + 2 * buffer
        add("\(egress.maxConnections) connections of the service (egress.max_connections)",
            egress.maxConnections * request, limit: "egress.max_connections")
        for target in egress.targets {
            addUpstream(target.upstream, users: egress.maxConnections, buffer: buffer, name: target.call.id)
        }
    }

    private static func setBytes(_ upstream: UpstreamSettings) -> Int {
        upstream.setHeaders.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
    }
}
