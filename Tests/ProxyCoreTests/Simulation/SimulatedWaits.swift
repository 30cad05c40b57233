#if FAULT_INJECTION
    /// Whether what ended for lack of time may have: only where whoever was waited for was silent for so long, though
    /// all that had been delivered counts. On a virtual clock that is known to the moment.
    struct SimulatedWaits {
        private static let second: UInt64 = 1_000_000_000
        /// What a turn of the loop takes, and timers that come late.
        static let slack: UInt64 = 25_000_000
        /// No wait is longer: a first byte, and a connection before it, and once more.
        static let longest = 140 * second

        /// How long a request waits for keys.
        static let keys = 2 * second

        private var settledTimes: [UInt64] = []

        /// There is word of all keys that were asked for.
        mutating func keysSettled(at time: UInt64) { settledTimes.append(time) }

        /// Well after the beginning and before the end.
        func wereKeysSettled(within span: ClosedRange<UInt64>) -> Bool {
            settledTimes.contains { $0 > span.lowerBound + Self.slack && $0 + Self.slack < span.upperBound }
        }

        /// While the worker rested, connections to the upstream were to be had.
        private var freeTimes: [ClosedRange<UInt64>] = []

        mutating func connectionsWereFree(_ times: ClosedRange<UInt64>) {
            if let last = freeTimes.last, last.upperBound >= times.lowerBound {
                freeTimes[freeTimes.count - 1] = last.lowerBound...max(last.upperBound, times.upperBound)
            } else {
                freeTimes.append(times)
            }
        }

        // MARK: - The upstream

        /// Why a 504 may have been given at a time: the codes for it.
        func codesOf504(_ request: PlannedRequest, at time: UInt64) -> Set<String> {
            var codes: Set<String> = []
            if wereConnectionsShort(at: time) { codes = ["upstream_saturated", "upstream_connect_timeout"] }
            if isUpstreamSilent(request, at: time), !hasHeadArrived(request, by: time) {
                codes.insert("upstream_response_timeout")
            }
            return codes
        }

        /// For all of the five seconds before, no place was free, or somebody was being connected.
        private func wereConnectionsShort(at time: UInt64) -> Bool {
            guard time > 5 * Self.second else { return false }
            let (start, end) = (time - 5 * Self.second + Self.slack, time - Self.slack)
            return !freeTimes.contains { $0.lowerBound < end && $0.upperBound > start }
        }

        private func hasHeadArrived(_ request: PlannedRequest, by time: UInt64) -> Bool {
            guard let end = request.headEnd, let came = request.upstreamEnd?.arrivals.time(of: end) else {
                return false
            }
            return came + Self.slack <= time
        }

        /// For a minute nothing has come, and it has had all that was to be sent for as long.
        func isUpstreamSilent(_ request: PlannedRequest, at time: UInt64) -> Bool {
            guard let near = request.upstreamEnd else { return false }
            let last = max(near.arrivals.last(upTo: time), near.offers.last(upTo: time))
            return time + Self.slack >= last + 60 * Self.second
        }

        // MARK: - The caller

        /// Not all of it had come, and nothing for as long as there is between two pieces, or its head took too long.
        func isCallerSlow(_ request: PlannedRequest, at time: UInt64) -> Bool {
            guard request.firstByte >= 0, let near = request.proxyEnd else { return false }
            let headEnd = request.firstByte + request.head.count
            let end = headEnd + request.framedBody.count
            let arrived = near.arrivals.count(at: time - Self.slack)
            guard arrived < end else { return false }
            guard arrived >= headEnd else {
                guard let began = near.arrivals.time(of: request.firstByte + 1) else { return false }
                return time + Self.slack >= began + 10 * Self.second
            }
            if time + Self.slack >= near.arrivals.last(upTo: time) + 30 * Self.second { return true }
            return isBelowLeastRate(near, headEnd, end, at: time)
        }

        /// Each byte of a body puts its end off, but never by more than what there may be between two pieces.
        private func isBelowLeastRate(_ near: SimulatedSocket, _ headEnd: Int, _ end: Int, at time: UInt64) -> Bool {
            guard let headCame = near.arrivals.time(of: headEnd) else { return false }
            var due = headCame + 30 * Self.second
            var before = headEnd
            for mark in near.arrivals.marks(after: headEnd, upTo: end) where mark.at <= time {
                due = min(due + UInt64(mark.upTo - before) * Self.second / 240, mark.at + 30 * Self.second)
                before = mark.upTo
            }
            return time + Self.second >= due
        }

        /// What was waited for too long: nil when nothing was. Called for what reaches an upstream.
        func overdue(_ request: PlannedRequest) -> String? {
            guard let near = request.proxyEnd, let began = near.arrivals.time(of: request.firstByte + 1),
                let came = near.arrivals.time(of: request.firstByte + request.head.count)
            else { return "it has not come" }
            guard let inTurnSince = request.inTurnSince else { return nil }
            let since = max(inTurnSince, near.createdAt)
            if came > max(began, since) + 11 * Self.second { return "its head took too long" }
            return began > since + 78 * Self.second ? "its connection was idle for too long" : nil
        }

        /// Why an answer may have been broken off at a time.
        func mayBreakOff(_ request: PlannedRequest, at time: UInt64) -> Bool {
            guard let near = request.upstreamEnd else { return false }
            if let ended = near.arrivals.endedAt, ended <= time { return true }
            return isUpstreamSilent(request, at: time) || isCallerSlow(request, at: time)
        }
    }
#endif
