// The request's way: from the caller's bytes to the gate, and on to the upstream.

extension ClientConnection {
    /// Takes the request a step further. True when something happened.
    func advanceRequest() -> Bool {
        guard phase == .serving else { return false }
        // A body that came with its head goes out with it, in one write.
        let hadHead = exchange.request == .awaitingHead && readHead()
        switch exchange.request {
        case .awaitingHead: return hadHead
        case .awaitingBody: return relayRequestBody() || hadHead
        case .awaitingEnd: return relayToUpstream()
        case .awaitingKeys, .complete, .abandoned: return callerLeftWhileAnswering() || hadHead
        }
    }

    // MARK: - The head

    private func readHead() -> Bool {
        // The answers before this one go first: their number in the buffer stays bounded, and in order.
        guard !caller.hasOutput else { return false }
        guard caller.hasInput else {
            guard caller.ended else { return false }
            perform(exchange.callerFinishedSending())
            return true
        }
        _ = beginRecord()
        return judge(mayAwaitKeys: true)
    }

    /// Parses the head at the beginning of the input, has it judged, and acts on the verdict. Parked requests come here
    /// again: their head is still in the buffer.
    @discardableResult
    func judge(mayAwaitKeys: Bool) -> Bool {
        guard let input = caller.input else { return false }
        if exchange.request == .awaitingKeys { noteKeyWait() }
        let bytes = input.readable
        let headBytes: Int
        var progress = requestProgress
        do throws(HeadError) {
            let result = try context.requestHead.parse(bytes, limits: rules.headLimits, progress: &progress)
            requestProgress = progress
            switch result {
            case .incomplete: return headIncomplete()
            case .complete(let count): headBytes = count
            }
        } catch {
            malformed(error)
            return true
        }
        noteHead(bytes)
        switch rules.judge {
        case .gate(let gate): judge(gate, bytes, headBytes: headBytes, mayAwaitKeys: mayAwaitKeys)
        case .outgoing(let calls):
            judgeOutgoing(calls, bytes, headBytes: headBytes, mayAwaitToken: mayAwaitKeys)
        }
        return true
    }

    private func judge(_ gate: Gate, _ bytes: Span<UInt8>, headBytes: Int, mayAwaitKeys: Bool) {
        let verdict = gate.judge(
            context.requestHead, bytes, certificate: certificate, now: context.loop.unixTime,
            mayAwaitKeys: mayAwaitKeys)
        switch consume verdict {
        case .permit(let permit): forward(permit, by: gate, bytes, headBytes: headBytes)
        case .refuse(let refusal): refuse(.refused(refusal), headBytes: headBytes)
        case .awaitKeys(let issuer): park(issuer: issuer, headBytes: headBytes)
        }
    }

    private func headIncomplete() -> Bool {
        guard caller.ended else { return false }
        perform(exchange.callerFinishedSending())
        return true
    }

    private func noteHead(_ bytes: Span<UInt8>) {
        let record = beginRecord()
        guard record.method.isEmpty else { return }
        record.note(context.requestHead, bytes)
        record.headCame = context.loop.now
        record.trace = TraceContext(context.requestHead, bytes, &context.requestIDs.random)
        if isTrustedProxy, case .one(let range) = context.requestHead.fields.occurrence(of: .xRequestID) {
            let id = bytes.slice(range)
            if RequestIDGenerator.isAcceptable(id) { record.id.replace(with: id) }
        }
        if record.id.isEmpty { context.requestIDs.generate(into: record.id) }
    }

    private func malformed(_ error: HeadError) {
        perform(exchange.refused(bodyFollows: true, persistent: false))
        answer(.malformedHead(error))
    }

    // MARK: - The verdict

    private func forward(_ permit: consuming Permit, by gate: Gate, _ bytes: Span<UInt8>, headBytes: Int) {
        let record = beginRecord()
        record.route = permit.route
        record.caller = permit.caller ?? permit.observed?.caller
        record.observed = permit.observed
        let overrides = permit.route.map { gate.policy.table.definitions[$0].overrides }
        // Not with `??`: that would take a route's "no limit" for no word of it.
        relay.bodyBytesMax =
            overrides.map { $0.bodyBytes.applied(to: rules.limits.bodyBytes) } ?? rules.limits.bodyBytes
        if case .length(let count) = context.requestHead.framing, let max = relay.bodyBytesMax, count > max {
            return refuse(.bodyTooLarge, headBytes: headBytes)
        }
        setTimeouts(overrides)
        guard let trace = record.trace else { preconditionFailure("noteHead decides on the trace") }
        let output = leg.outputBuffer()
        let upgrades = context.requestHead.asksForWebSocket(in: bytes)
        if upgrades || overrides?.cutsAtExpiry ?? false { relay.tokenEnd = gate.tokenEnd(of: permit) }
        if upgrades { setTunnelTimeout(overrides) }
        let isWritten = ForwardedHead(spending: permit).write(
            context.requestHead, bytes.extracting(first: headBytes), rules: rules.forwarding,
            origin: ForwardedHead.Origin(peer: peer, isTrusted: isTrustedProxy, isSecure: caller.tls != nil),
            requestID: record.id, trace: trace, upgrades: upgrades, to: output)
        guard isWritten else { return refuse(.forwardedHeadTooLong, headBytes: headBytes) }
        beginForwarding(headBytes: headBytes, upgrades: upgrades)
    }

    /// The head has been written to the upstream's buffer: now for the body, and a connection.
    func beginForwarding(headBytes: Int, upgrades: Bool) {
        let framing = context.requestHead.framing
        relay.requestReader = BodyReader(framing, limits: rules.headLimits)
        relay.requestWriter = BodyWriter(framing)
        let isRepeatable = context.requestHead.method.isIdempotent
        let persistent = context.requestHead.keepAlive
        caller.consume(headBytes)
        let hasBody = !relay.requestReader.hasEnded
        if hasBody { relay.bodyDue = context.loop.now.advanced(by: rules.timeouts.requestBodyIdle) } else {
            leg.keepForRepetition()
        }
        perform(
            exchange.permitted(
                hasBody: hasBody, repeatable: isRepeatable, persistent: persistent, upgrades: upgrades))
    }

    func setTimeouts(_ overrides: RouteOverrides?) {
        let timeouts = rules.timeouts
        relay.firstByteTimeout =
            overrides.map { $0.upstreamFirstByte.applied(to: timeouts.upstreamFirstByte) } ?? timeouts.upstreamFirstByte
        relay.idleTimeout =
            overrides.map { $0.upstreamIdle.applied(to: timeouts.upstreamIdle) } ?? timeouts.upstreamIdle
    }

    private func park(issuer: Int, headBytes: Int) {
        switch rules.parking.park(self, issuer: issuer) {
        case .parked(let wait):
            relay.keyWait = wait
            // Not anew for one that has waited under the rules of before.
            if relay.waitStarted == .never { relay.waitStarted = Clock.monotonic() }
            if exchange.request == .awaitingHead { perform(exchange.parked()) }
        case .pointless: judge(mayAwaitKeys: false)
        case .full: refuse(.tooManyParked(issuer: issuer), headBytes: headBytes)
        }
    }

    /// Answers without waiting for a body. The connection is kept when the body, if any, lies in the buffer already.
    func refuse(_ answer: ProxyAnswer, headBytes: Int) {
        let framing = context.requestHead.framing
        let keepAlive = context.requestHead.keepAlive && answer.status != 413
        caller.consume(headBytes)
        let bodyFollows = !skipBufferedBody(framing)
        perform(exchange.refused(bodyFollows: bodyFollows, persistent: keepAlive))
        self.answer(answer)
    }

    /// Drops a body that has come whole; false when more of it would have to be waited for.
    private func skipBufferedBody(_ framing: BodyFraming) -> Bool {
        switch framing {
        case .none, .length(0): return true
        case .length(let count):
            guard let input = caller.input, UInt64(input.count) >= count else { return false }
            caller.consume(Int(count))
            return true
        case .chunked, .untilClose: return false
        }
    }

    // MARK: - Answers of our own

    /// Writes the proxy's own answer for the request under way.
    func answer(_ answer: ProxyAnswer) {
        let record = beginRecord()
        if record.id.isEmpty { context.requestIDs.generate(into: record.id) }
        record.status = answer.status
        record.reason = answer.reason
        if case .refused(let refusal) = answer {
            record.refusal = refusal
            record.route = refusal.route
            record.caller = refusal.caller
        }
        if case .upstream(let failure) = answer { record.detail = failure.detail }
        if case .outgoing(let refusal) = answer { record.note(refusal) }
        leg.finish(reusable: false)
        let output = caller.outputBuffer()
        // Interim responses that a slow caller has not taken may be in the way; then there is no telling it more.
        guard output.room >= rules.problems.bytesMax(for: answer) else { return close(broken: true) }
        let bodyBytes = rules.problems.write(
            answer, requestID: record.id, persistent: exchange.persistent && exchange.completion == .startNext,
            callerMinorVersion: record.minorVersion, isHead: asksForHeadOnly(record), now: context.loop.unixTime,
            to: output)
        record.responseBytes = UInt64(bodyBytes)
    }

    /// True for HEAD, also when the rest of the head could not be read: nobody expects a body then.
    private func asksForHeadOnly(_ record: RequestRecord) -> Bool {
        guard record.method.isEmpty, let input = caller.input else { return record.methodKind == .head }
        let bytes = input.readable
        // An empty line may come first (RFC 9112 section 2.2).
        return bytes.starts(with: "HEAD ") || bytes.starts(with: "\r\nHEAD ")
    }

    // MARK: - The body

    /// Moves as much of the body as has come and fits behind what is still to be sent.
    private func relayRequestBody() -> Bool {
        var moved = false
        while exchange.request == .awaitingBody, !leg.sendFailed, let input = caller.input {
            let output = leg.outputBuffer()
            let room = relay.requestWriter.room(in: output)
            guard room > BodyWriter.overhead else { return moved }
            let bytes = input.readable
            let window = bytes.extracting(first: min(bytes.count, room - BodyWriter.overhead))
            var reader = relay.requestReader
            do throws(BodyError) {
                let step = try reader.next(window)
                relay.requestReader = reader
                switch step {
                case .needMore(let consumed):
                    caller.consume(consumed)
                    guard consumed > 0 else { return callerEndedInBody() || moved }
                case .data(let range, let consumed):
                    guard countRequestBytes(range.count) else { return true }
                    relay.requestWriter.write(window.slice(range), to: output)
                    caller.consume(consumed)
                    if reader.hasEnded, relay.requestWriter.framing != .chunked { endRequestBody(nil, window) }
                case .end(let consumed, let trailers):
                    endRequestBody(trailers, window)
                    caller.consume(consumed)
                }
            } catch {
                requestBodyFailed(.malformedBody(error))
                return true
            }
            moved = true
        }
        return callerEndedInBody() || moved
    }

    private func endRequestBody(_ trailers: ByteRange?, _ window: Span<UInt8>) {
        let output = leg.outputBuffer()
        relay.requestWriter.finish(in: output) { writeRequestTrailers(trailers, window, to: output) }
        // What has not left yet can be sent once more, should the target refuse the call's token.
        if relay.outgoing != nil, !leg.hasSent { leg.keepForRepetition() }
        exchange.requestBodyEnded()
        lastProgress = context.loop.now
        record?.bodyCame = context.loop.now
    }

    private func writeRequestTrailers(_ section: ByteRange?, _ bytes: Span<UInt8>, to output: ByteBuffer) {
        guard let section else { return }
        do throws(BodyError) {
            try context.trailers.parse(section, in: bytes)
        } catch {
            preconditionFailure("the decoder has checked every line of the section")
        }
        let forwarding = relay.outgoing?.way.rules ?? rules.forwarding
        RelayedTrailers.write(context.trailers, bytes, to: output) { id, name in
            forwarding.isReserved(name) || forwarding.isProtected(id)
        }
    }

    private func countRequestBytes(_ count: Int) -> Bool {
        let record = beginRecord()
        record.requestBytes += UInt64(count)
        putOffBodyDeadline(forBytes: count)
        guard let max = relay.bodyBytesMax, record.requestBytes > max else { return true }
        requestBodyFailed(.bodyTooLarge)
        return false
    }

    /// The caller has closed its side in the middle of the body: the upstream must not take it for whole.
    private func callerEndedInBody() -> Bool {
        guard exchange.request == .awaitingBody, caller.ended, !leg.sendFailed else { return false }
        if caller.hasInput, leg.hasUnsent { return false }
        let action = exchange.callerFinishedSending()
        perform(action)
        return action != .none
    }

    /// Abandons the body; answers when the response has not begun.
    func requestBodyFailed(_ failure: ProxyAnswer) {
        if exchange.response == .awaitingConnection {
            noteConnectionWait()
            pool.cancel(self)
        }
        let action = exchange.requestBodyFailed()
        if action == .answer {
            answer(failure)
        } else {
            beginRecord().reason = failure.reason
        }
        perform(action)
    }

    /// The caller has sent all that it wanted; it may still read, so the answer goes out.
    private func callerLeftWhileAnswering() -> Bool {
        guard caller.ended, exchange.persistent, !caller.hasInput else { return false }
        perform(exchange.callerFinishedSending())
        return true
    }
}
