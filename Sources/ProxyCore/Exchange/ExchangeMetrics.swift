/// What one worker counts: written on its thread as things happen, read by the admin listener's while they do. Counting
/// takes a few loads and stores, no lock, and no memory.
package final class ExchangeMetrics: Sendable {
    /// A plain number. Those after `tokenRetries` are written once a turn of the loop, from what their owner holds.
    package enum Figure: Int, CaseIterable, Sendable {
        case connectionsAccepted
        /// Idle ones that were ended, since there was no place for another one.
        case connectionsEvicted
        /// TLS handshakes that were done, and those of them that resumed a session.
        case handshakes
        case resumptions
        /// Of bodies, without framing; counted when a request ends.
        case requestBytes
        case responseBytes
        case upstreamRetries
        /// Outgoing calls that were sent once more, with another token.
        case tokenRetries
        case upstreamConnects
        case upstreamOpen
        case upstreamIdle
        case upstreamWaiting
        case cacheHits
        case cacheMisses
        case cacheEvictions
        case cacheEntries
        case parkedRequests
        case tunnels
    }

    package enum Duration: Int, CaseIterable, Sendable {
        /// From a request's first byte to the end of its response; to the answer of one that became a tunnel.
        case request
        /// Of the former, what the proxy itself took.
        case proxy
        /// From the sending of a request to the beginning of its response.
        case upstream
    }

    /// The hundreds of a status: index 0 stands for requests that got no answer.
    package static let statusClasses = 6

    package let outcomes: RequestOutcomes
    private let block: CounterBlock
    private let durationsFirst: Int
    private let statusesFirst: Int
    private let tunnelEndsFirst: Int
    private let failuresFirst: Int
    private let handshakeFailuresFirst: Int

    /// - Parameter outcomes: the same for every worker.
    package init(outcomes: RequestOutcomes) throws(Errno) {
        self.outcomes = outcomes
        durationsFirst = Figure.allCases.count
        statusesFirst = durationsFirst + Duration.allCases.count * Self.durationCounters
        tunnelEndsFirst = statusesFirst + Self.statusClasses
        failuresFirst = tunnelEndsFirst + TunnelEnd.allCases.count
        handshakeFailuresFirst = failuresFirst + outcomes.all.count
        block = try CounterBlock(count: handshakeFailuresFirst + HandshakeFailure.codes.count)
    }

    // MARK: - Counting, on the worker's thread

    func add(_ amount: UInt64, to figure: Figure) { block.add(amount, to: figure.rawValue) }

    func set(_ figure: Figure, to value: Int) { block.set(figure.rawValue, to: UInt64(max(0, value))) }

    /// Counts a request that has ended, also by the route of the table that judged it.
    func count(_ record: RequestRecord, by counters: RouteCounters, ended: Instant) {
        counters.count(outcome: outcomes.number(of: record), route: record.route)
        let hundreds = record.status / 100
        let isAnswered = record.status != RequestRecord.callerGone || record.upstreamStatus > 0
        let hasStatus = hundreds < Self.statusClasses && isAnswered
        block.add(1, to: statusesFirst + (hasStatus ? hundreds : 0))
        if record.requestBytes > 0 { add(record.requestBytes, to: .requestBytes) }
        if record.responseBytes > 0 { add(record.responseBytes, to: .responseBytes) }
        // How long a tunnel lasts, and how much is to do for it, says nothing about how fast requests are answered.
        let isTunnel = record.tunnelBegan != .never
        observe(.request, min(ended, record.tunnelBegan).since(record.started))
        guard record.sentUpstream != .never, record.upstreamAnswered != .never else { return }
        observe(.upstream, record.upstreamAnswered.since(record.sentUpstream))
        if !isTunnel { observe(.proxy, record.ownTime) }
    }

    func tunnelEnded(_ end: TunnelEnd) { block.add(1, to: tunnelEndsFirst + end.rawValue) }

    /// Counts a failure of the upstream, also one after which the request is sent again.
    func upstreamFailed(_ failure: UpstreamFailure, isRetried: Bool) {
        block.add(1, to: failuresFirst + outcomes.number(of: failure.code))
        if isRetried { add(1, to: .upstreamRetries) }
    }

    func handshakeFailed(_ failure: HandshakeFailure) {
        block.add(1, to: handshakeFailuresFirst + failure.number)
    }

    private func observe(_ duration: Duration, _ value: Interval) {
        let first = first(of: duration)
        block.add(1, to: first + LatencyBuckets.number(of: value))
        block.add(value.nanoseconds, to: first + LatencyBuckets.count)
    }

    // MARK: - Reading, on any thread

    package func value(of figure: Figure) -> UInt64 { block[figure.rawValue] }

    package func requests(statusClass: Int) -> UInt64 { block[statusesFirst + statusClass] }

    package func tunnels(endedBy end: TunnelEnd) -> UInt64 { block[tunnelEndsFirst + end.rawValue] }

    /// Failures of the upstream with this code of `UpstreamFailure.codes`.
    package func upstreamFailures(_ code: StaticString) -> UInt64 { block[failuresFirst + outcomes.number(of: code)] }

    /// TLS handshakes that came to nothing, by the number of the reason in `HandshakeFailure.codes`.
    package func handshakeFailures(_ number: Int) -> UInt64 { block[handshakeFailuresFirst + number] }

    /// How many durations fell into a bucket of `LatencyBuckets`.
    package func count(_ duration: Duration, bucket: Int) -> UInt64 { block[first(of: duration) + bucket] }

    /// In nanoseconds.
    package func sum(_ duration: Duration) -> UInt64 { block[first(of: duration) + LatencyBuckets.count] }

    /// The buckets, and the sum.
    private static let durationCounters = LatencyBuckets.count + 1

    private func first(of duration: Duration) -> Int {
        durationsFirst + duration.rawValue * Self.durationCounters
    }
}
