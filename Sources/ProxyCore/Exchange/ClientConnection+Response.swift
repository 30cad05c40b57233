// The response's way: from the upstream's bytes to the caller.

extension ClientConnection {
    /// Takes the response a step further. True when something happened.
    func advanceResponse() -> Bool {
        guard phase == .serving else { return false }
        // A body that came with its head goes out with it, in one write.
        let hadHead = exchange.response == .awaitingHead && readResponseHead()
        switch exchange.response {
        case .awaitingBody: return relayResponseBody() || hadHead
        case .awaitingEnd: return relayToCaller() || hadHead
        case .awaitingDecision, .awaitingConnection, .awaitingHead, .awaitingToken, .complete, .broken: return hadHead
        }
    }

    // MARK: - The head

    private func readResponseHead() -> Bool {
        noteRequestSent()
        guard let input = leg.input else { return upstreamEndedBeforeHead() }
        let bytes = input.readable
        let record = beginRecord()
        var progress = leg.responseProgress
        do throws(HeadError) {
            let result = try context.responseHead.parse(
                bytes, limits: rules.headLimits, requestMethod: record.methodKind, progress: &progress)
            leg.responseProgress = progress
            switch result {
            case .incomplete: return upstreamEndedBeforeHead()
            case .complete(let count): return responseHeadCame(bytes.extracting(first: count), record)
            }
        } catch {
            upstreamFailed(.invalidResponse(error.reason), died: false)
            return true
        }
    }

    private func noteRequestSent() {
        guard exchange.request == .complete, !leg.hasUnsent, let record, record.sentUpstream == .never else { return }
        record.sentUpstream = context.loop.now
        lastProgress = context.loop.now
    }

    private func responseHeadCame(_ bytes: Span<UInt8>, _ record: RequestRecord) -> Bool {
        let output = caller.outputBuffer()
        // Interim responses may still wait to be sent; then this one waits for room.
        guard output.room >= bytes.count + RelayedHead.fixedBytesMax else { return false }
        let isSwitch = context.responseHead.isSwitchingProtocols
        if isSwitch, !exchange.mayUpgrade || !context.responseHead.switchesToWebSocket(in: bytes) {
            upstreamFailed(.invalidResponse("switching_protocols"), died: false)
            return true
        }
        if record.upstreamAnswered == .never { record.upstreamAnswered = context.loop.now }
        if context.responseHead.isInterim {
            relayInterim(bytes, record, to: output)
        } else if isSwitch {
            openTunnel(bytes, record, to: output)
        } else if relay.outgoing != nil, awaitsOtherToken(bytes) {
            return true
        } else {
            relayFinal(bytes, record, to: output)
        }
        return true
    }

    private func relayInterim(_ bytes: Span<UInt8>, _ record: RequestRecord, to output: ByteBuffer) {
        record.interimResponses += 1
        guard record.interimResponses <= Self.interimResponsesMax else {
            return upstreamFailed(.invalidResponse("too_many_interim_responses"), died: false)
        }
        perform(exchange.interimResponse())
        // HTTP/1.0 has no interim responses (RFC 9110 section 15.2).
        if record.minorVersion >= 1 { RelayedHead.writeInterim(context.responseHead, bytes, to: output) }
        leg.forgetRepetition()
        leg.consumeInput(bytes.count)
    }

    /// One or two are usual (100, 103); an upstream that goes on with them for ever would hold the caller for ever.
    private static let interimResponsesMax = 100

    private func relayFinal(_ bytes: Span<UInt8>, _ record: RequestRecord, to output: ByteBuffer) {
        let framing = context.responseHead.framing
        let framingOut = RelayedHead.framing(framing, callerMinorVersion: record.minorVersion)
        let hasBody = !framing.isEmpty
        leg.forgetRepetition()
        record.status = context.responseHead.status
        record.upstreamStatus = context.responseHead.status
        relay.responseReader = BodyReader(framing, limits: rules.headLimits)
        relay.responseWriter = BodyWriter(framingOut)
        relay.upstreamPersists = context.responseHead.keepAlive && framing != .untilClose
        perform(exchange.responseStarted(hasBody: hasBody, delimitedByClose: framingOut == .untilClose))
        if relay.tokenEnd != nil { scheduleTokenCheck() }
        RelayedHead.write(
            context.responseHead, bytes, framing: framingOut, persistent: exchange.persistent,
            callerMinorVersion: record.minorVersion, now: context.loop.unixTime, to: output)
        leg.consumeInput(bytes.count)
    }

    // MARK: - The body

    private func relayResponseBody() -> Bool {
        var moved = false
        while exchange.response == .awaitingBody, let input = leg.input {
            if passWholeBuffer(input) { return true }
            let output = caller.outputBuffer()
            let room = relay.responseWriter.room(in: output)
            guard room > BodyWriter.overhead else { return moved }
            let bytes = input.readable
            let window = bytes.extracting(first: min(bytes.count, room - BodyWriter.overhead))
            var reader = relay.responseReader
            do throws(BodyError) {
                let step = try reader.next(window)
                relay.responseReader = reader
                switch step {
                case .needMore(let consumed):
                    leg.consumeInput(consumed)
                    guard consumed > 0 else { return window.count == bytes.count && upstreamEndedInBody() || moved }
                case .data(let range, let consumed):
                    relay.responseWriter.write(window.slice(range), to: output)
                    beginRecord().responseBytes += UInt64(range.count)
                    leg.consumeInput(consumed)
                    if reader.hasEnded, relay.responseWriter.framing != .chunked { endResponseBody(nil, window) }
                case .end(let consumed, let trailers):
                    endResponseBody(trailers, window)
                    leg.consumeInput(consumed)
                }
            } catch {
                upstreamFailed(.invalidResponse(error.reason), died: false)
                return true
            }
            moved = true
        }
        return leg.input == nil && upstreamEndedInBody() || moved
    }

    /// A full buffer of nothing but body goes out as it is, in exchange for an empty one, instead of being copied.
    private func passWholeBuffer(_ input: ByteBuffer) -> Bool {
        guard !caller.hasOutput, input.count > input.capacity / 2, relay.responseReader.takeWhole(input.count) else {
            return false
        }
        beginRecord().responseBytes += UInt64(input.count)
        leg.replaceInput(by: caller.exchangeOutput(for: input))
        if relay.responseReader.hasEnded { exchange.responseEnded() }
        return true
    }

    private func endResponseBody(_ trailers: ByteRange?, _ window: Span<UInt8>) {
        let output = caller.outputBuffer()
        relay.responseWriter.finish(in: output) { writeResponseTrailers(trailers, window, to: output) }
        exchange.responseEnded()
    }

    private func writeResponseTrailers(_ section: ByteRange?, _ bytes: Span<UInt8>, to output: ByteBuffer) {
        guard let section else { return }
        do throws(BodyError) {
            try context.trailers.parse(section, in: bytes)
        } catch {
            preconditionFailure("the decoder has checked every line of the section")
        }
        RelayedTrailers.write(context.trailers, bytes, to: output) { _, _ in false }
    }

    // MARK: - The upstream's end

    private func upstreamEndedBeforeHead() -> Bool {
        guard leg.ended || leg.readError != nil else { return false }
        // An interim response is one, too: the upstream has begun with this request.
        let isUntouched = leg.isUntouched && beginRecord().upstreamAnswered == .never
        let died = isUntouched && leg.connection?.isReused ?? false
        upstreamFailed(leg.readError?.failureBeforeResponse ?? .closedEarly, died: died)
        return true
    }

    /// Called when nothing more can be made of the bytes that have come.
    private func upstreamEndedInBody() -> Bool {
        guard exchange.response == .awaitingBody else { return false }
        if let error = leg.readError {
            upstreamFailed(error.failure, died: false)
            return true
        }
        guard leg.ended else { return false }
        do throws(BodyError) {
            try relay.responseReader.endOfStream()
        } catch {
            upstreamFailed(.truncated, died: false)
            return true
        }
        let none: [UInt8] = []
        endResponseBody(nil, none.span)
        return true
    }

    /// Reports the failure and does what follows from it: another attempt, an answer, or a broken transfer.
    func upstreamFailed(_ failure: UpstreamFailure, died: Bool) {
        if exchange.response == .awaitingConnection { noteConnectionWait() }
        let action = exchange.upstreamFailed(died: died)
        switch action {
        case .connect:
            context.metrics.upstreamFailed(failure, isRetried: true)
            leg.dropConnection()
        case .answer:
            context.metrics.upstreamFailed(failure, isRetried: false)
            answer(.upstream(failure))
        case .breakOff:
            context.metrics.upstreamFailed(failure, isRetried: false)
            let record = beginRecord()
            record.reason = failure.code
            record.detail = failure.detail
        case .none, .park, .renewToken, .forward, .relayInterim, .relay, .openTunnel, .endUpstream, .endCaller,
            .startNext, .closeAfterFlush, .lingerAfterFlush, .close:
            break
        }
        perform(action)
    }
}
