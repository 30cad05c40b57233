// What a connection waits for, how long, and what follows when it waits in vain.

extension ClientConnection {
    /// When the wait that this connection is in runs out.
    func deadline() -> Instant {
        switch phase {
        case .closed: return .never
        case .lingering: return lastProgress.advanced(by: Self.linger)
        case .serving: break
        }
        let timeouts = rules.timeouts
        switch exchange.response {
        case .awaitingDecision: return decisionDeadline(timeouts)
        case .awaitingConnection: return relay.waitStarted.advanced(by: timeouts.upstreamConnect)
        case .awaitingToken: return relay.waitStarted.advanced(by: relay.keyWait)
        case .awaitingHead:
            if exchange.request == .awaitingBody { return bodyDeadline(timeouts) }
            return lastProgress.advanced(by: leg.hasUnsent ? relay.idleTimeout : relay.firstByteTimeout)
        case .awaitingBody:
            let idle = min(lastProgress.advanced(by: relay.idleTimeout), relay.tokenCheck)
            return min(idle, bodyDeadlineBesideResponse(timeouts))
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
        return min(lastProgress.advanced(by: context.idleTimeout), certificateCheck)
    }

    /// For a body that is still coming though the response has begun. A caller that has yet to take what there is of
    /// that is measured by its reading.
    private func bodyDeadlineBesideResponse(_ timeouts: Timeouts) -> Instant {
        guard exchange.request == .awaitingBody else { return .never }
        guard !leg.hasUnsent, !caller.hasOutput else {
            relay.bodyDue = lastProgress.advanced(by: timeouts.requestBodyIdle)
            return .never
        }
        return bodyDeadline(timeouts)
    }

    private func bodyDeadline(_ timeouts: Timeouts) -> Instant {
        guard !leg.hasUnsent else {
            // As long as the application holds it up, the caller is not slow: it begins anew afterwards.
            relay.bodyDue = lastProgress.advanced(by: timeouts.requestBodyIdle)
            return lastProgress.advanced(by: relay.idleTimeout)
        }
        return min(lastProgress.advanced(by: timeouts.requestBodyIdle), relay.bodyDue)
    }

    /// So many bytes of a body have come. They buy the time that they may take at the least rate, but no more than
    /// there is between two pieces: what came fast at first does not pay for a trickle later.
    func putOffBodyDeadline(forBytes count: Int) {
        let (now, idle) = (context.loop.now, rules.timeouts.requestBodyIdle)
        guard let rate = rules.limits.bodyBytesPerSecond else {
            relay.bodyDue = .never
            return
        }
        // Of one buffer: far less than would overflow.
        let bought = Interval(nanoseconds: UInt64(count) * 1_000_000_000 / rate)
        relay.bodyDue = min(relay.bodyDue.advanced(by: bought), now.advanced(by: idle))
    }

    /// Since when nothing has been under way here; nil while something is, if only the first byte of a head.
    var idleSince: Instant? {
        guard phase == .serving, exchange.isIdle, record == nil, !caller.hasInput, !caller.hasOutput else { return nil }
        return lastProgress
    }

    /// The deadline has come.
    func timedOut() {
        guard phase == .serving else { return close(broken: false) }
        switch exchange.response {
        case .awaitingDecision: decisionTimedOut()
        case .awaitingConnection:
            upstreamFailed(pool.cancel(self) ? .saturated : .connectTimeout, died: false)
        case .awaitingToken:
            rules.parking.leave(self)
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
            if bodyDeadlineBesideResponse(rules.timeouts) <= context.loop.now {
                return requestBodyFailed(.requestTimeout)
            }
            // Bytes that wait for the caller are the caller's fault.
            guard !caller.hasOutput else { return callerTakesNothing() }
            upstreamFailed(.idleTimeout, died: false)
        case .complete, .broken: exchange.isTunnel ? tunnelTimedOut() : callerTakesNothing()
        }
    }

    /// The response waits for a caller that does not read.
    private func callerTakesNothing() {
        if let record, record.reason == nil { record.reason = "caller_too_slow" }
        close(broken: true)
    }

    private func decisionTimedOut() {
        if exchange.request == .awaitingKeys {
            rules.parking.leave(self)
            judge(mayAwaitKeys: false)
        } else if record != nil, !caller.hasOutput {
            perform(exchange.refused(bodyFollows: true, persistent: false))
            answer(.requestTimeout)
        } else if caller.hasOutput {
            close(broken: true)
        } else if mustEnd || lastProgress.advanced(by: context.idleTimeout) <= context.loop.now {
            endIdle()
        }
    }

    func noteKeyWait() { record?.keyWait = context.loop.now.since(relay.waitStarted) }

    func noteConnectionWait() {
        let wait = context.loop.now.since(relay.waitStarted)
        record?.connectionWait = Interval(nanoseconds: (record?.connectionWait?.nanoseconds ?? 0) + wait.nanoseconds)
    }
}
