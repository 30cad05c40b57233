// What a connection waits for, how long, and what follows when it waits in vain.

extension ClientConnection {
    /// When the wait that this connection is in runs out.
    func deadline() -> Instant {
        switch phase {
        case .closed: return .never
        case .lingering: return lastProgress.advanced(by: Self.linger)
        case .serving: break
        }
        let timeouts = context.timeouts
        switch exchange.response {
        case .awaitingDecision: return decisionDeadline(timeouts)
        case .awaitingConnection: return relay.waitStarted.advanced(by: timeouts.upstreamConnect)
        case .awaitingToken: return relay.waitStarted.advanced(by: relay.keyWait)
        case .awaitingHead:
            if exchange.request == .awaitingBody { return bodyDeadline(timeouts) }
            return lastProgress.advanced(by: leg.hasUnsent ? relay.idleTimeout : relay.firstByteTimeout)
        case .awaitingBody: return min(lastProgress.advanced(by: relay.idleTimeout), relay.tokenCheck)
        case .complete, .broken:
            return exchange.isTunnel ? tunnelDeadline() : lastProgress.advanced(by: relay.idleTimeout)
        case .awaitingEnd: return tunnelDeadline()
        }
    }

    private func decisionDeadline(_ timeouts: Timeouts) -> Instant {
        if exchange.request == .awaitingKeys { return relay.waitStarted.advanced(by: relay.keyWait) }
        if caller.hasOutput { return lastProgress.advanced(by: timeouts.upstreamIdle) }
        // Counted from the head's first byte, so that a caller cannot hold a place by sending a byte now and then.
        if let record { return record.started.advanced(by: timeouts.requestHead) }
        return lastProgress.advanced(by: context.idleTimeout)
    }

    private func bodyDeadline(_ timeouts: Timeouts) -> Instant {
        lastProgress.advanced(by: leg.hasUnsent ? relay.idleTimeout : timeouts.requestBodyIdle)
    }

    /// The deadline has come.
    func timedOut() {
        guard phase == .serving else { return close(broken: false) }
        switch exchange.response {
        case .awaitingDecision: decisionTimedOut()
        case .awaitingConnection:
            upstreamFailed(pool.cancel(self) ? .saturated : .connectTimeout, died: false)
        case .awaitingToken:
            context.parking.leave(self)
            tokenSettled()
        case .awaitingHead:
            if leg.hasUnsent {
                upstreamFailed(.requestTimeout, died: false)
            } else if exchange.request == .awaitingBody {
                requestBodyFailed(.requestTimeout)
            } else {
                upstreamFailed(.responseTimeout, died: false)
            }
        case .awaitingEnd: tunnelTimedOut()
        case .awaitingBody:
            if tokenHasEnded() { return }
            // Bytes that wait for the caller are the caller's fault.
            guard !caller.hasOutput else { return close(broken: true) }
            upstreamFailed(.idleTimeout, died: false)
        case .complete, .broken: exchange.isTunnel ? tunnelTimedOut() : close(broken: true)
        }
    }

    private func decisionTimedOut() {
        if exchange.request == .awaitingKeys {
            context.parking.leave(self)
            judge(mayAwaitKeys: false)
        } else if record != nil, !caller.hasOutput {
            perform(exchange.refused(bodyFollows: true, persistent: false))
            answer(.requestTimeout)
        } else if caller.hasOutput {
            close(broken: true)
        } else {
            endIdle()
        }
    }
}
