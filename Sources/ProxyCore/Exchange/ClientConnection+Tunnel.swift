// A WebSocket connection, once the application has agreed to it (RFC 6455): bytes both ways until both sides have
// ended, nothing moves any more, or the token that permitted it has expired. What they say is nobody's business here.

extension ClientConnection {
    /// Writes the head of the switch. What the caller has sent behind its request, and the upstream behind this head,
    /// belongs to the new protocol and goes on as such.
    func openTunnel(_ bytes: Span<UInt8>, _ record: RequestRecord, to output: ByteBuffer) {
        leg.forgetRepetition()
        record.status = context.responseHead.status
        record.upstreamStatus = context.responseHead.status
        record.tunnelBegan = context.loop.now
        relay.upstreamPersists = false
        perform(exchange.switchedProtocols())
        context.tunnelOpened()
        RelayedHead.writeSwitch(context.responseHead, bytes, to: output)
        leg.consumeInput(bytes.count)
        if relay.tokenEnd != nil { scheduleTokenCheck() }
    }

    // MARK: - Moving bytes

    /// Takes what has come of the caller a step further. True when something happened.
    func relayToUpstream() -> Bool {
        if leg.sendFailed {
            exchange.upstreamRefusesMore()
            caller.discardInput()
            return true
        }
        if let input = caller.input {
            let count = input.count
            let output = leg.outputBuffer()
            if output.isEmpty {
                caller.replaceInput(by: leg.exchangeOutput(for: input))
            } else {
                let moved = output.appendPrefix(of: input.readable)
                caller.consume(moved)
            }
            let moved = count - (caller.input?.count ?? 0)
            record?.requestBytes += UInt64(moved)
            return moved > 0
        }
        guard caller.ended, !leg.hasUnsent else { return false }
        perform(exchange.callerEnded())
        return true
    }

    /// Takes what has come of the upstream a step further. True when something happened.
    func relayToCaller() -> Bool {
        if let input = leg.input {
            let count = input.count
            let output = caller.outputBuffer()
            if output.isEmpty {
                leg.replaceInput(by: caller.exchangeOutput(for: input))
            } else {
                let moved = output.appendPrefix(of: input.readable)
                leg.consumeInput(moved)
            }
            let moved = count - (leg.input?.count ?? 0)
            record?.responseBytes += UInt64(moved)
            return moved > 0
        }
        if let error = leg.readError {
            upstreamFailed(error.failure, died: false)
            return true
        }
        guard leg.ended, !caller.hasOutput else { return false }
        perform(exchange.upstreamEnded())
        return true
    }

    // MARK: - The end

    func setTunnelTimeout(_ overrides: RouteOverrides?) {
        let idle = rules.timeouts.tunnelIdle
        relay.tunnelIdle = overrides.map { $0.tunnelIdle.applied(to: idle) } ?? idle
    }

    func tunnelDeadline() -> Instant {
        min(lastProgress.advanced(by: relay.tunnelIdle), relay.tokenCheck, certificateCheck)
    }

    func tunnelTimedOut() {
        if tokenHasEnded() { return }
        if mustEnd, let certificateEnd { return cutShort(certificateEnd) }
        if lastProgress.advanced(by: relay.tunnelIdle) <= context.loop.now { cutShort("tunnel_idle") }
    }

    /// Ends what is under way before its time, for this reason.
    func cutShort(_ reason: StaticString) {
        beginRecord().reason = reason
        let isTunnel = exchange.isTunnel
        let action = exchange.cutShort()
        if isTunnel {
            // As far as it goes: what the caller does not take now is cut off with the rest.
            _ = try? caller.flush()
            finishRecord()
            lastProgress = context.loop.now
        }
        perform(action)
    }

    /// Whoever breaks a tunnel without a reason of ours was the caller; in good order it ends by both sides.
    func noteTunnelEnd(_ record: RequestRecord) {
        guard record.tunnelBegan != .never else { return }
        if record.reason == nil, exchange.response != .complete { record.reason = "caller_gone" }
        context.tunnelEnded(TunnelEnd(reason: record.reason))
    }

    // MARK: - The token's end

    /// Asks to be woken when the token expires.
    func scheduleTokenCheck() {
        guard let end = relay.tokenEnd else { return }
        let wait = TokenWatch.wait(for: end, wallNanoseconds: Clock.wallNanoseconds())
        relay.tokenCheck = Clock.monotonic().advanced(by: wait)
    }

    /// When it is time to look whether the token has expired: ends what it permitted if so. True when that was all that
    /// the deadline was about.
    func tokenHasEnded() -> Bool {
        guard let end = relay.tokenEnd, relay.tokenCheck <= context.loop.now else { return false }
        if context.loop.unixTime >= end {
            cutShort("token_expired")
        } else {
            scheduleTokenCheck()
        }
        return true
    }
}
