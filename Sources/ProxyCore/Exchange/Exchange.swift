/// The order of steps of one request and its response on one client connection. Pure: events in, actions out.
///
/// Two small state machines side by side: what is still to come of the request, and what is still owed of the response.
/// The driver (`ClientConnection`) moves the bytes, reports what happened and does what the returned action says. A
/// pipelined connection runs through this once for each request, in order.
package struct Exchange: Sendable {
    /// What the proxy waits for on the request's side.
    package enum Request: Sendable, Equatable {
        case awaitingHead
        /// The head is there, but its token names a key that is being fetched; or, of an outgoing call, the token that
        /// it is to carry is.
        case awaitingKeys
        case awaitingBody
        /// The protocol was switched: what comes until the caller ends its side goes to the upstream as it is.
        case awaitingEnd
        /// Nothing more belongs to this request.
        case complete
        /// The rest of the body is not wanted any more; the connection cannot carry another request.
        case abandoned
    }

    /// What the proxy waits for on the response's side.
    package enum Response: Sendable, Equatable {
        /// No decision has been made.
        case awaitingDecision
        /// The request is permitted and waits for a connection to the upstream.
        case awaitingConnection
        /// The request is on its way; the response has not begun.
        case awaitingHead
        /// The upstream has refused the token that an outgoing call carried; its answer waits while another is got.
        case awaitingToken
        case awaitingBody
        /// The protocol was switched: what comes until the upstream ends its side goes to the caller as it is.
        case awaitingEnd
        /// All of the response is in the buffer to the caller.
        case complete
        /// The response had begun and cannot be ended as promised.
        case broken
    }

    /// What the driver has to do.
    package enum Action: Sendable, Equatable {
        case none
        /// Wait for keys.
        case park
        /// Get a connection to the upstream; one that was never used when `fresh`.
        case connect(fresh: Bool)
        /// Get another token for the outgoing call, whose answer so far is kept.
        case renewToken
        /// Write the permitted head, and the body as it comes, to the upstream.
        case forward
        /// Write a response of our own.
        case answer
        /// Relay an interim response; the final one is still to come.
        case relayInterim
        /// Write the response's head to the caller, and its body as it comes.
        case relay
        /// Write the head that switches the protocol, and move bytes both ways from then on.
        case openTunnel
        /// Tell the upstream that the caller has ended its side.
        case endUpstream
        /// Tell the caller that the upstream has ended its side.
        case endCaller
        /// The response cannot be completed: let the caller see a broken transfer.
        case breakOff
        /// Both sides are complete: give the upstream connection back and read the next request.
        case startNext
        /// Flush what is owed to the caller, then close.
        case closeAfterFlush
        /// As `closeAfterFlush`, but read and drop for a while what the caller still sends, so that a reset does not
        /// overtake the response (RFC 9112 section 9.6).
        case lingerAfterFlush
        /// Close at once: nobody is left to answer.
        case close
    }

    package private(set) var request = Request.awaitingHead
    package private(set) var response = Response.awaitingDecision
    /// Whether the caller and the proxy both mean to keep the connection.
    package private(set) var persistent = true
    /// The request may be sent once more: idempotent, without a body (RFC 9110 section 9.2.2).
    package private(set) var repeatable = false
    /// The request asks for another protocol, and nothing has been said to that.
    package private(set) var mayUpgrade = false
    private var attempts = 0
    private var hasRenewedToken = false
    private var draining = false

    package init() {}

    /// True when no request is under way and none has begun to come.
    package var isIdle: Bool { request == .awaitingHead && response == .awaitingDecision }

    /// True while bytes of another protocol may go either way.
    package var isTunnel: Bool { request == .awaitingEnd || response == .awaitingEnd }

    // MARK: The request

    /// The gate permits the request. What has a body does not ask for another protocol.
    package mutating func permitted(
        hasBody: Bool, repeatable: Bool, persistent: Bool, upgrades: Bool = false
    ) -> Action {
        precondition(request == .awaitingHead || request == .awaitingKeys, "one decision for each request")
        precondition(response == .awaitingDecision && !(hasBody && upgrades))
        mayUpgrade = upgrades
        request = hasBody ? .awaitingBody : .complete
        response = .awaitingConnection
        self.repeatable = repeatable && !hasBody
        if !persistent || draining { self.persistent = false }
        return .connect(fresh: false)
    }

    /// The gate cannot decide before keys have come.
    package mutating func parked() -> Action {
        precondition(request == .awaitingHead && response == .awaitingDecision)
        request = .awaitingKeys
        return .park
    }

    /// The request is refused: by the gate, for its syntax, or because it did not come in time. `bodyFollows` is true
    /// when bytes of it may still come, which nobody will read.
    package mutating func refused(bodyFollows: Bool, persistent: Bool) -> Action {
        precondition(request == .awaitingHead || request == .awaitingKeys, "one decision for each request")
        precondition(response == .awaitingDecision)
        return answer(bodyFollows: bodyFollows, persistent: persistent)
    }

    /// The body could not be read to its end: malformed, too large or too slow.
    package mutating func requestBodyFailed() -> Action {
        precondition(request == .awaitingBody)
        request = .abandoned
        persistent = false
        switch response {
        case .awaitingConnection, .awaitingHead:
            response = .complete
            return .answer
        case .awaitingBody:
            response = .broken
            return .breakOff
        case .complete: return .none
        case .awaitingDecision, .awaitingToken, .awaitingEnd, .broken:
            preconditionFailure("a body is read for permitted requests only")
        }
    }

    package mutating func requestBodyEnded() {
        precondition(request == .awaitingBody)
        request = .complete
    }

    // MARK: The upstream

    package mutating func connected() -> Action {
        precondition(response == .awaitingConnection)
        response = .awaitingHead
        attempts += 1
        return .forward
    }

    /// The connection failed. `died` is true when it did so without one byte of a response and had carried requests
    /// before: then it was probably closed while the request was on its way.
    package mutating func upstreamFailed(died: Bool) -> Action {
        switch response {
        case .awaitingHead where died && repeatable && attempts == 1:
            response = .awaitingConnection
            return .connect(fresh: true)
        case .awaitingConnection, .awaitingHead:
            return answer(bodyFollows: request == .awaitingBody, persistent: true)
        case .awaitingBody, .awaitingEnd:
            response = .broken
            persistent = false
            return .breakOff
        case .complete, .broken: return .none
        case .awaitingToken: preconditionFailure("the upstream has answered already")
        case .awaitingDecision: preconditionFailure("no upstream without a permit")
        }
    }

    // MARK: The token of an outgoing call

    /// Whether a token that the upstream refuses may be replaced and the request sent once more: it is complete, and
    /// this was not done before. That the request is still at hand is for the driver to know.
    package var mayRenewToken: Bool { response == .awaitingHead && request == .complete && !hasRenewedToken }

    /// The upstream's answer is that it refuses the token.
    package mutating func tokenRefused() -> Action {
        precondition(mayRenewToken)
        hasRenewedToken = true
        response = .awaitingToken
        return .renewToken
    }

    /// There is another token: the answer is dropped, and the request sent once more. The upstream has done nothing for
    /// the first one, so this is no repetition.
    package mutating func tokenRenewed() -> Action {
        precondition(response == .awaitingToken)
        response = .awaitingConnection
        attempts = 0
        return .connect(fresh: false)
    }

    /// There is no other token: the upstream's answer stands.
    package mutating func tokenKept() {
        precondition(response == .awaitingToken)
        response = .awaitingHead
    }

    package func interimResponse() -> Action {
        precondition(response == .awaitingHead)
        return .relayInterim
    }

    /// The final head has come. The rest of the request's body is still read while the response goes out, but such a
    /// connection is closed afterwards: whether all of the body will come is not known when the head has to be written.
    package mutating func responseStarted(hasBody: Bool, delimitedByClose: Bool) -> Action {
        precondition(response == .awaitingHead)
        mayUpgrade = false
        response = hasBody ? .awaitingBody : .complete
        if request != .complete || delimitedByClose || draining { persistent = false }
        return .relay
    }

    package mutating func responseEnded() {
        precondition(response == .awaitingBody)
        response = .complete
    }

    // MARK: The tunnel

    /// The upstream has switched to the protocol that the request asked for.
    package mutating func switchedProtocols() -> Action {
        precondition(response == .awaitingHead && request == .complete && mayUpgrade)
        mayUpgrade = false
        persistent = false
        request = .awaitingEnd
        response = .awaitingEnd
        return .openTunnel
    }

    /// The caller has ended its side of the tunnel, and all that it sent is on its way.
    package mutating func callerEnded() -> Action {
        precondition(request == .awaitingEnd)
        request = .complete
        return response == .awaitingEnd ? .endUpstream : .none
    }

    /// The upstream takes nothing more. What it has sent still goes to the caller.
    package mutating func upstreamRefusesMore() {
        precondition(request == .awaitingEnd)
        request = .abandoned
    }

    /// The upstream has ended its side of the tunnel, and the caller has got all that it sent.
    package mutating func upstreamEnded() -> Action {
        precondition(response == .awaitingEnd)
        response = .complete
        return request == .awaitingEnd ? .endCaller : .none
    }

    /// What is under way has lasted as long as it may, and is not to be completed.
    package mutating func cutShort() -> Action {
        persistent = false
        if isTunnel {
            // Whatever runs in a tunnel says itself when it is complete: an end of the connection is no such word.
            request = .abandoned
            response = .broken
            return .closeAfterFlush
        }
        precondition(response == .awaitingBody)
        response = .broken
        return .breakOff
    }

    // MARK: The end

    /// What follows once everything that could be moved has been moved.
    package var completion: Action {
        guard response == .complete else { return .none }
        switch request {
        // Not by `draining`: where the head had promised to keep the connection, the caller's next request may be on
        // its way already.
        case .complete: return persistent ? .startNext : .closeAfterFlush
        case .awaitingBody, .abandoned: return .lingerAfterFlush
        case .awaitingEnd: return .none
        case .awaitingHead, .awaitingKeys: preconditionFailure("no answer before a decision")
        }
    }

    /// The next request begins.
    package mutating func next() {
        precondition(completion == .startNext)
        self = Exchange()
    }

    /// The caller has closed its sending side. What it asked for is still answered; what it cannot complete is not.
    package mutating func callerFinishedSending() -> Action {
        persistent = false
        switch request {
        case .awaitingHead: return .close
        case .awaitingBody: return response == .complete ? .none : .close
        case .awaitingKeys, .awaitingEnd, .complete, .abandoned: return .none
        }
    }

    /// The process is about to end: the next response says that it is the last one on this connection.
    package mutating func drain() { draining = true }

    private mutating func answer(bodyFollows: Bool, persistent: Bool) -> Action {
        request = bodyFollows ? .abandoned : .complete
        response = .complete
        mayUpgrade = false
        if bodyFollows || !persistent || draining { self.persistent = false }
        return .answer
    }
}
