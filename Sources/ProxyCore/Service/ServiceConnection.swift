/// One caller's connection to a service: reads a request, has it answered, sends the answer, reads the next one.
///
/// Belongs to its listener and that one's thread. Bytes of further requests stay in the buffer, and then in the socket,
/// until the answer before them has gone out: what a caller can make it hold is one request and one answer.
final class ServiceConnection: EventHandler {
    /// Named for what the connection waits for.
    private enum State: Equatable {
        /// TLS is being agreed on.
        case handshake
        case head
        case body
        /// The answer, which comes at the end of this turn of the loop.
        case answer
        /// The caller takes the response; then comes the next request, or the end.
        case responseSent(isLast: Bool)
        /// The last response has been sent; what still comes is dropped.
        case callerGone
        case closed
    }

    private let listener: ServiceListener
    private let caller: CallerChannel
    private let peer: SocketAddress
    /// What the caller has shown.
    private var certificate: CallerCertificate?
    /// The next response is the last one.
    private var isEnding = false
    private var registration = Registration(slot: 0, generation: 0)
    private var state = State.head
    let timer = DeadlineTimer()

    private var progress = HeadProgress()
    private var request: ServiceRequest?
    private var reader = BodyReader(.none, limits: HeadLimits())
    private var minorVersion = 1
    private var keepAlive = false
    /// What goes out once the channel's buffer has room; the bytes before `unsentStart` are there already.
    private var unsent: [UInt8] = []
    private var unsentStart = 0
    /// When the request under way began, the caller last took something, or the waiting for a request began.
    private var since: Instant
    private var lingeredBytes = 0
    private var isScheduled = false
    /// Whether a request has been answered here, rather than refused.
    private var hasAsked = false

    /// How many rounds one event may cause before other connections have their turn.
    private static let roundsMax = 32
    private static let lingerBytesMax = 1 << 20

    /// Takes over the connection and starts to serve it.
    init(_ accepted: consuming AcceptedSocket, of listener: ServiceListener) throws(Errno) {
        self.listener = listener
        peer = accepted.peer
        let tls = listener.tls.map { TLSSession($0, socket: accepted.descriptor) }
        caller = CallerChannel(socket: accepted.descriptor, tls: tls, pool: listener.buffers)
        if tls != nil { state = .handshake }
        since = listener.loop.now
        registration = listener.loop.register(self)
        do throws(Errno) {
            try listener.loop.watchConnection(caller.socket, registration)
        } catch {
            listener.loop.unregister(registration)
            state = .closed
            throw error
        }
        listener.add(self, registration)
        updateDeadline()
    }

    /// How long it may be idle has changed.
    func idleTimeChanged() {
        guard state == .head, !caller.hasInput else { return }
        updateDeadline()
        if timer.deadline <= listener.loop.now { endIdle() }
    }

    /// Callers' certificates are judged in another way by now: what was shown here counts no more, and the caller has
    /// to come again.
    func trustChanged() {
        guard state != .handshake else { return close() }
        certificate = nil
        request?.certificate = nil
        isEnding = true
        if state == .head, !caller.hasInput { endIdle() }
    }

    /// The certificate that the caller has shown, until it expires.
    private var liveCertificate: CallerCertificate? {
        guard let end = caller.tls?.peerCertificateEnd, listener.loop.unixTime <= end else { return nil }
        return certificate
    }

    /// Ends the connection if no request has come by now, of which there may have been no event yet.
    private func endIdle() {
        caller.note(.readable)
        pump()
        if state == .head, !caller.hasInput { close() }
    }

    /// Ends the connection whatever is under way. With `broken`, the caller must not take what it has for a whole
    /// response.
    func close(broken: Bool = false) {
        guard state != .closed else { return }
        state = .closed
        if broken { Socket.resetOnClose(caller.socket) } else { caller.announceClose() }
        caller.releaseBuffers()
        // The descriptor closes with this object, which the loop and the listener let go here.
        listener.loop.unregister(registration)
        listener.remove(registration, peer: peer)
    }

    // MARK: - Making room

    /// Since when the caller has kept us waiting.
    var waitsSince: Instant { since }

    /// How readily this connection goes when another one has no place; nil when it does not.
    var rank: SparedConnections.Rank? {
        switch state {
        case .handshake, .callerGone: .unasked
        case .head where !caller.hasInput: hasAsked ? .idle : .unasked
        case .head, .body, .responseSent: .underWay
        case .answer, .closed: nil
        }
    }

    /// Ends the connection, unless the caller has done meanwhile what it was waited for, of which there may have been
    /// no event yet. True when it has ended.
    func makeRoom() -> Bool {
        guard rank != nil else { return false }
        let (state, since) = (state, since)
        caller.note(.readable)
        pump()
        guard self.state != .closed else { return true }
        guard self.state == state, self.since == since else { return false }
        close(broken: rank == .underWay)
        return true
    }

    // MARK: - Events

    func ready(_ readiness: Readiness) {
        caller.note(readiness)
        pump()
    }

    func resume() {
        isScheduled = false
        pump()
    }

    func deadlineReached() {
        switch state {
        case .handshake: close()
        case .head where !caller.hasInput: endIdle()
        case .head, .body:
            refuse(408)
            pump()
        case .responseSent: close(broken: true)
        case .callerGone: close()
        case .answer, .closed: break
        }
    }

    private func updateDeadline() {
        let options = listener.options
        let patience = switch state {
        case .handshake: options.handshakeTimeout
        case .head where !caller.hasInput: listener.idleTimeout
        case .head, .body: options.requestTimeout
        case .answer, .responseSent: options.sendTimeout
        case .callerGone, .closed: options.linger
        }
        timer.set(since.advanced(by: patience), registration, listener.loop)
    }

    // MARK: - Moving bytes

    /// Does what can be done until nothing moves any more.
    private func pump() {
        var rounds = 0
        while state != .closed, round() {
            rounds += 1
            guard rounds < Self.roundsMax else {
                if !isScheduled { listener.loop.runSoon(self) }
                isScheduled = true
                break
            }
        }
        if state != .closed { updateDeadline() }
    }

    /// One round; true when something moved.
    private func round() -> Bool {
        if state == .handshake { return shakeHands() }
        let sent = send()
        let read = switch state {
        case .handshake, .answer: false
        case .head: readHead() || receive()
        case .body: readBody() || receive()
        case .responseSent(let isLast): finishResponse(isLast: isLast)
        case .callerGone: discard()
        case .closed: false
        }
        return sent || read
    }

    /// Goes on with the handshake; true when it is done. A caller that fails gets an alert of TLS and no response.
    private func shakeHands() -> Bool {
        guard let tls = caller.tls else { preconditionFailure("a handshake without TLS") }
        do throws(TLSFailure) {
            guard try tls.handshake() == .done else {
                if caller.closing { close() }
                return false
            }
        } catch {
            close()
            return false
        }
        certificate = CallerCertificate(tls)
        since = listener.loop.now
        state = .head
        // A request may have come along with the end of the handshake, and the loop tells each thing once.
        caller.note([.readable, .writable])
        return true
    }

    private func receive() -> Bool {
        guard state != .closed else { return false }
        let isFirst = state == .head && !caller.hasInput
        do throws(CallerFailure) {
            guard try caller.receive() else { return false }
        } catch {
            close()
            return false
        }
        if isFirst { since = listener.loop.now }
        return true
    }

    /// Sends as much as the socket takes; true when something left.
    private func send() -> Bool {
        var moved = false
        do throws(CallerFailure) {
            while caller.writable, hasOutput {
                let waiting = unsent
                let rest = waiting.span.extracting(unsentStart..<waiting.count)
                unsentStart += caller.outputBuffer().appendPrefix(of: rest)
                if try caller.flush() { moved = true }
            }
        } catch {
            close()
            return false
        }
        if !hasOutput {
            unsent.removeAll()
            unsentStart = 0
        }
        // Leave to send a body does not lengthen the time for it.
        if moved, state != .body { since = listener.loop.now }
        return moved
    }

    private var hasOutput: Bool { unsentStart < unsent.count || caller.hasOutput }

    // MARK: - The request

    /// True when a whole head, or a bad one, was there.
    private func readHead() -> Bool {
        guard let input = caller.input else {
            if caller.ended { close() }
            return false
        }
        let bytes = input.readable
        do throws(HeadError) {
            switch try listener.head.parse(bytes, limits: listener.options.head, progress: &progress) {
            case .incomplete:
                if caller.ended { close() }
                return false
            case .complete(let count): begin(count, bytes)
            }
        } catch {
            refuse(error.status)
        }
        return true
    }

    private func begin(_ headBytes: Int, _ bytes: Span<UInt8>) {
        request = ServiceRequest(listener.head, bytes.extracting(first: headBytes))
        request?.peer = peer.ipAddress
        minorVersion = listener.head.minorVersion
        keepAlive = listener.head.keepAlive
        let framing = listener.head.framing
        let expectsContinue = listener.head.expectsContinue
        caller.consume(headBytes)
        if case .length(let count) = framing, count > UInt64(listener.options.bodyBytes) { return refuse(413) }
        reader = BodyReader(framing, limits: listener.options.head)
        if reader.hasEnded { return ask() }
        state = .body
        // A caller that has begun to send needs no leave to (RFC 9110 section 10.1.1).
        if expectsContinue, !caller.hasInput { unsent += Array("HTTP/1.1 100 Continue\r\n\r\n".utf8) }
    }

    /// True when a piece of the body, or a bad one, was there.
    private func readBody() -> Bool {
        guard let input = caller.input else {
            if caller.ended { close() }
            return false
        }
        let bytes = input.readable
        do throws(BodyError) {
            switch try reader.next(bytes) {
            case .needMore(let consumed):
                caller.consume(consumed)
                if caller.ended { close() }
                return false
            case .data(let range, let consumed):
                take(bytes.slice(range))
                caller.consume(consumed)
                if state == .body, reader.hasEnded { ask() }
            case .end(let consumed, _):
                caller.consume(consumed)
                ask()
            }
        } catch {
            refuse(error.status)
        }
        return true
    }

    private func take(_ piece: Span<UInt8>) {
        let count = request?.body.count ?? 0
        guard count + piece.count <= listener.options.bodyBytes else { return refuse(413) }
        request?.body += piece.copied()
    }

    // MARK: - The response

    private func ask() {
        // Not at the head: it may have expired since.
        request?.certificate = liveCertificate
        state = .answer
        listener.ask(for: self)
    }

    /// The request that waits for its answer.
    var pending: ServiceRequest? { state == .answer ? request : nil }

    /// The answer to the pending request.
    func answer(_ response: ServiceResponse) {
        precondition(state == .answer)
        hasAsked = true
        respond(response, isLast: !keepAlive || isEnding || listener.isDraining)
        pump()
    }

    /// Answers a request that cannot be read to its end; nothing behind it can be understood either.
    private func refuse(_ status: Int) { respond(.problem(status), isLast: true) }

    private func respond(_ response: ServiceResponse, isLast: Bool) {
        let message = ServiceMessage(
            isPersistent: !isLast, callerMinorVersion: minorVersion, omitsBody: request?.method == .head,
            date: listener.loop.unixTime)
        let bytes = message.bytes(of: response)
        if unsent.isEmpty { unsent = bytes } else { unsent += bytes }
        request = nil
        since = listener.loop.now
        state = .responseSent(isLast: isLast)
    }

    /// True when the response has gone out whole.
    private func finishResponse(isLast: Bool) -> Bool {
        guard !hasOutput else { return false }
        since = listener.loop.now
        if isLast {
            // Closing on unread bytes would send a reset, which can overtake the response.
            caller.endSending()
            state = .callerGone
        } else {
            progress = HeadProgress()
            minorVersion = 1
            state = .head
        }
        return true
    }

    private func discard() -> Bool {
        let received = receive()
        lingeredBytes += caller.input?.count ?? 0
        caller.discardInput()
        if caller.ended || lingeredBytes > Self.lingerBytesMax { close() }
        return received
    }
}
