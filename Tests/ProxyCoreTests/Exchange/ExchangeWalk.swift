import ProxyCore

/// One connection: chooses among the events that a driver may report where the machine stands, and judges its answers.
struct ExchangeWalk {
    private(set) var events: [ExchangeEvent] = []
    private(set) var actions: [Exchange.Action] = []
    private(set) var states: Set<String> = []
    /// What was found wrong.
    private(set) var fault: String?
    private var exchange = Exchange()
    private let choose: (_ bound: Int) -> Int
    private var isOver = false
    private var current = Request()

    /// What has come of the request under way.
    private struct Request {
        var permits = 0
        var mayRepeat = false
        var mayUpgrade = false
        var renewals = 0
        var connects = 0
        var forwards = 0
        /// Final responses begun: relayed or our own.
        var responses = 0
        var wasPersistent = true
        /// Events that take the request further.
        var moves = 0
    }

    private static let eventsMax = 120
    /// Twice through all states would be fewer.
    private static let movesMax = 24

    /// - Parameter choose: a number from 0 up to, not including, `bound`: which of the ways that are open to take.
    init(choosing choose: @escaping (_ bound: Int) -> Int) { self.choose = choose }

    mutating func run() {
        while !isOver, fault == nil, events.count < Self.eventsMax { step() }
    }

    private mutating func step() {
        states.insert("\(exchange.request) \(exchange.response)")
        // What has been moved out is followed by what the machine says is next.
        if exchange.completion != .none, choose(3) == 0 { return complete() }
        guard let event = nextEvent() else { return complete() }
        events.append(event)
        if !isBystander(event) { current.moves += 1 }
        if case .permitted(let hasBody, let repeatable, _, let upgrades) = event {
            current.permits += 1
            current.mayRepeat = repeatable && !hasBody
            current.mayUpgrade = upgrades
        }
        if event == .tokenRenewed {
            // The request begins anew, as if it had not been sent.
            current.connects = 0
            current.forwards = 0
        }
        if let action = event.happen(to: &exchange) { judge(action, after: event) }
        judgeState()
    }

    /// What may happen as often as it likes.
    private func isBystander(_ event: ExchangeEvent) -> Bool {
        [.interimResponse, .callerFinishedSending, .drain].contains(event)
    }

    private mutating func complete() {
        let action = exchange.completion
        guard action != .none else { return fail("nothing can happen any more") }
        actions.append(action)
        check(current.responses == 1, "\(current.responses) responses to one request")
        switch action {
        case .startNext:
            check(exchange.request == .complete && exchange.persistent, "a connection that must end goes on")
            events.append(.next)
            exchange.next()
            current = Request()
        case .closeAfterFlush, .lingerAfterFlush:
            check(action == .lingerAfterFlush || exchange.request == .complete, "closing on a body that still comes")
            isOver = true
        case .none, .park, .renewToken, .connect, .forward, .answer, .relayInterim, .relay, .openTunnel, .endUpstream,
            .endCaller, .breakOff, .close:
            fail("\(action) is no completion")
        }
    }

    // MARK: - What may happen

    private mutating func nextEvent() -> ExchangeEvent? {
        var candidates = requestEvents() + responseEvents()
        if !candidates.isEmpty, choose(12) == 0 { candidates = [.callerFinishedSending, .drain] }
        guard !candidates.isEmpty else { return nil }
        return candidates[choose(candidates.count)]
    }

    private mutating func requestEvents() -> [ExchangeEvent] {
        switch exchange.request {
        case .awaitingHead: [.parked, permitted(), permitted(), refused()]
        case .awaitingKeys: [permitted(), refused()]
        case .awaitingBody: [.requestBodyEnded, .requestBodyFailed]
        case .awaitingEnd: [.callerEnded, .upstreamRefusesMore, .cutShort]
        case .complete, .abandoned: []
        }
    }

    private mutating func responseEvents() -> [ExchangeEvent] {
        switch exchange.response {
        case .awaitingDecision, .complete, .broken: []
        case .awaitingConnection: [.connected, .connected, .upstreamFailed(died: false)]
        case .awaitingHead:
            [.interimResponse, started(), started(), .upstreamFailed(died: coin())]
                + (exchange.mayUpgrade ? [.switchedProtocols, .switchedProtocols] : [])
                + (exchange.mayRenewToken ? [.tokenRefused] : [])
        case .awaitingToken: [.tokenRenewed, .tokenRenewed, .tokenKept]
        case .awaitingBody: [.responseEnded, .upstreamFailed(died: false), .cutShort]
        case .awaitingEnd: [.upstreamEnded, .upstreamFailed(died: false), .cutShort]
        }
    }

    private mutating func permitted() -> ExchangeEvent {
        let hasBody = coin()
        return .permitted(
            hasBody: hasBody, repeatable: coin(), persistent: choose(4) > 0, upgrades: !hasBody && choose(3) == 0)
    }

    private mutating func refused() -> ExchangeEvent {
        .refused(bodyFollows: choose(4) == 0, persistent: choose(4) > 0)
    }

    private mutating func started() -> ExchangeEvent {
        .responseStarted(hasBody: coin(), delimitedByClose: choose(6) == 0)
    }

    private mutating func coin() -> Bool { choose(2) == 0 }

    // MARK: - What must be true

    private mutating func judge(_ action: Exchange.Action, after event: ExchangeEvent) {
        actions.append(action)
        switch action {
        case .none, .park: break
        case .renewToken:
            current.renewals += 1
            check(current.renewals == 1, "a token is renewed again and again")
            check(exchange.request == .complete && current.responses == 0, "renewed where nothing can be sent again")
        case .connect(let fresh):
            current.connects += 1
            check(current.permits == 1, "connecting without a permit")
            check(fresh == (current.connects == 2), "the second attempt, and no other, needs a fresh connection")
            check(current.connects == 1 || current.connects == 2 && current.mayRepeat, "one attempt too many")
        case .forward:
            current.forwards += 1
            check(current.permits == 1 && current.forwards <= current.connects, "forwarding without a permit")
        case .relayInterim: check(current.forwards > 0 && current.responses == 0, "an interim response out of turn")
        case .relay:
            current.responses += 1
            check(current.forwards > 0, "a response to what was not forwarded")
        case .answer: current.responses += 1
        case .openTunnel:
            current.responses += 1
            check(current.forwards > 0 && current.mayUpgrade, "a tunnel that nobody asked for")
        case .endUpstream: check(exchange.response == .awaitingEnd, "an end for an upstream that is gone")
        case .endCaller: check(exchange.request == .awaitingEnd, "an end for a caller that is gone")
        case .closeAfterFlush:
            check(event == .cutShort && current.mayUpgrade && !exchange.isTunnel, "\(action) before all was moved")
            isOver = true
        case .breakOff:
            check(current.responses == 1, "nothing to break off")
            isOver = true
        case .close:
            check(current.responses == 0 || exchange.response == .awaitingBody, "closed before the response was sent")
            isOver = true
        case .startNext, .lingerAfterFlush: fail("\(action) before all was moved")
        }
    }

    private mutating func judgeState() {
        check(current.responses <= 1, "a second response")
        check(current.permits <= 1, "a second decision")
        check(current.wasPersistent || !exchange.persistent, "a connection that was to end is kept")
        check(current.moves <= Self.movesMax, "a request that never ends")
        let hasResponse = [.awaitingBody, .awaitingEnd, .complete].contains(exchange.response)
        check(!exchange.isTunnel || !exchange.persistent, "another request behind a tunnel")
        check(!hasResponse || current.responses == 1, "a response that nobody wrote")
        check(exchange.request != .abandoned || !exchange.persistent, "a body left unread on a connection that is kept")
        current.wasPersistent = exchange.persistent
    }

    private mutating func check(_ condition: Bool, _ message: String) {
        if !condition { fail(message) }
    }

    private mutating func fail(_ message: String) { fault = fault ?? message }
}
