// A call of the service's own: sent to its target with the target's token, and once more when that has been refused.

extension ClientConnection {
    /// Has the call at the beginning of the input judged, and acts on the verdict.
    func judgeOutgoing(_ calls: OutgoingCalls, _ bytes: Span<UInt8>, headBytes: Int, mayAwaitToken: Bool) {
        let verdict = calls.gate.judge(context.requestHead, bytes, now: context.loop.now, mayAwaitToken: mayAwaitToken)
        switch consume verdict {
        case .permit(let permit):
            let way = calls.ways[permit.target]
            send(permit, by: way, bytes, headBytes: headBytes)
        case .refuse(let refusal): refuse(.outgoing(refusal), headBytes: headBytes)
        case .awaitToken(let target): parkOutgoing(target, headBytes: headBytes)
        }
    }

    private func send(
        _ permit: consuming OutgoingPermit, by way: OutgoingWay, _ bytes: Span<UInt8>, headBytes: Int
    ) {
        let record = beginRecord()
        record.route = permit.target
        relay.bodyBytesMax = rules.limits.bodyBytes
        setTimeouts(nil)
        guard let trace = record.trace else { preconditionFailure("noteHead decides on the trace") }
        let upgrades = context.requestHead.asksForWebSocket(in: bytes)
        if upgrades { setTunnelTimeout(nil) }
        let (target, generation) = (permit.target, permit.generation)
        let authorization = OutgoingHead(spending: permit).write(
            context.requestHead, bytes.extracting(first: headBytes), rules: way.rules, trace: trace,
            upgrades: upgrades, to: leg.outputBuffer())
        guard let authorization else { return refuse(.forwardedHeadTooLong, headBytes: headBytes) }
        relay.outgoing = OutgoingCall(
            target: target, way: way, generation: generation, authorization: authorization)
        beginForwarding(headBytes: headBytes, upgrades: upgrades)
    }

    private func parkOutgoing(_ target: Int, headBytes: Int) {
        switch rules.parking.park(self, issuer: target) {
        case .parked(let wait):
            relay.keyWait = wait
            // Not anew for one that has waited under the rules of before.
            if relay.waitStarted == .never { relay.waitStarted = Clock.monotonic() }
            if exchange.request == .awaitingHead { perform(exchange.parked()) }
        case .pointless: judge(mayAwaitKeys: false)
        case .full: refuse(.outgoing(.tooManyWaiting(target: target)), headBytes: headBytes)
        }
    }

    // MARK: - A token that is refused

    /// Whether the response in `bytes`, whose head has been parsed, is the target's refusal of the token, and another
    /// token is being got for that. Otherwise the response is to be relayed.
    func awaitsOtherToken(_ bytes: Span<UInt8>) -> Bool {
        guard context.responseHead.status == 401, let call = relay.outgoing,
            case .outgoing(let calls) = rules.judge, refusesToken(bytes)
        else { return false }
        let gate = calls.gate
        // A call that cannot be sent once more at least lets the next one have a token that is good.
        guard exchange.mayRenewToken, leg.holdsRequest else {
            _ = gate.refuse(call.generation, of: call.target, now: context.loop.now)
            return false
        }
        perform(exchange.tokenRefused())
        if sendOnceMore(call, gate) { return true }
        let parked = rules.parking.park(self, issuer: call.target) { target in
            gate.refuse(call.generation, of: target, now: context.loop.now)
        }
        guard case .parked(let wait) = parked else {
            exchange.tokenKept()
            return false
        }
        relay.keyWait = wait
        relay.waitStarted = Clock.monotonic()
        return true
    }

    private func refusesToken(_ bytes: Span<UInt8>) -> Bool {
        for index in 0..<context.responseHead.fields.count {
            let field = context.responseHead.fields[index]
            if field.id == .wwwAuthenticate, BearerChallenge.refusesToken(bytes.slice(field.value)) { return true }
        }
        return false
    }

    /// There is another token for the call that was refused, or there is none.
    func tokenSettled() {
        noteKeyWait()
        guard let call = relay.outgoing, case .outgoing(let calls) = rules.judge, !sendOnceMore(call, calls.gate)
        else { return }
        exchange.tokenKept()
        leg.forgetProgress()
    }

    /// Drops the refusal, and sends the call again with a newer token; false when there is none.
    private func sendOnceMore(_ call: OutgoingCall, _ gate: OutgoingGate) -> Bool {
        guard let permit = gate.permit(for: call.target, after: call.generation, now: context.loop.now) else {
            return false
        }
        let (generation, line) = (permit.generation, OutgoingHead(spending: permit).authorizationLine)
        guard leg.rewrite(call.authorization, with: line.span) else { return false }
        let start = call.authorization.lowerBound
        relay.outgoing = OutgoingCall(
            target: call.target, way: call.way, generation: generation,
            authorization: start..<(start + line.count))
        leg.dropConnection()
        noteTokenRenewed()
        perform(exchange.tokenRenewed())
        return true
    }

    /// What the log says of the upstream is about the attempt that counts.
    private func noteTokenRenewed() {
        context.metrics.add(1, to: .tokenRetries)
        guard let record else { return }
        record.sentUpstream = .never
        record.upstreamAnswered = .never
    }
}
