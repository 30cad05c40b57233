import ProxyCore
import XCTest

/// The transitions of the machine that orders the steps of one exchange.
final class ExchangeTests: XCTestCase {
    /// What a series of events leads to: the answer to the last of them and where that leaves the machine.
    private typealias Row = (
        events: [ExchangeEvent], action: Exchange.Action?, request: Exchange.Request, response: Exchange.Response,
        persistent: Bool, completion: Exchange.Action
    )

    private let get = ExchangeEvent.permitted(hasBody: false, repeatable: true, persistent: true)
    private let post = ExchangeEvent.permitted(hasBody: true, repeatable: false, persistent: true)
    private let last = ExchangeEvent.permitted(hasBody: false, repeatable: true, persistent: false)
    private let started = ExchangeEvent.responseStarted(hasBody: true, delimitedByClose: false)
    private let empty = ExchangeEvent.responseStarted(hasBody: false, delimitedByClose: false)
    private let endless = ExchangeEvent.responseStarted(hasBody: true, delimitedByClose: true)
    private let died = ExchangeEvent.upstreamFailed(died: true)
    private let failed = ExchangeEvent.upstreamFailed(died: false)

    func testDecisions() {
        let refused = ExchangeEvent.refused(bodyFollows: false, persistent: true)
        let unread = ExchangeEvent.refused(bodyFollows: true, persistent: true)
        check([
            ([get], .connect(fresh: false), .complete, .awaitingConnection, true, .none),
            ([post], .connect(fresh: false), .awaitingBody, .awaitingConnection, true, .none),
            ([last], .connect(fresh: false), .complete, .awaitingConnection, false, .none),
            ([.parked], .park, .awaitingKeys, .awaitingDecision, true, .none),
            ([.parked, get], .connect(fresh: false), .complete, .awaitingConnection, true, .none),
            ([refused], .answer, .complete, .complete, true, .startNext),
            ([.refused(bodyFollows: false, persistent: false)], .answer, .complete, .complete, false, .closeAfterFlush),
            ([unread], .answer, .abandoned, .complete, false, .lingerAfterFlush),
            ([.parked, unread], .answer, .abandoned, .complete, false, .lingerAfterFlush),
            ([.parked, refused], .answer, .complete, .complete, true, .startNext),
        ])
    }

    func testResponses() {
        check([
            ([get, .connected], .forward, .complete, .awaitingHead, true, .none),
            ([get, .connected, .interimResponse], .relayInterim, .complete, .awaitingHead, true, .none),
            ([get, .connected, .interimResponse, started], .relay, .complete, .awaitingBody, true, .none),
            ([get, .connected, started, .responseEnded], nil, .complete, .complete, true, .startNext),
            ([get, .connected, empty], .relay, .complete, .complete, true, .startNext),
            ([last, .connected, empty], .relay, .complete, .complete, false, .closeAfterFlush),
            ([get, .connected, endless], .relay, .complete, .awaitingBody, false, .none),
            ([get, .connected, endless, .responseEnded], nil, .complete, .complete, false, .closeAfterFlush),
            ([get, .connected, empty, .next], nil, .awaitingHead, .awaitingDecision, true, .none),
            ([get, .connected, empty, .next, .parked], .park, .awaitingKeys, .awaitingDecision, true, .none),
        ])
    }

    func testBodiesOfRequests() {
        let none = Exchange.Action.none
        check([
            ([post, .requestBodyEnded], nil, .complete, .awaitingConnection, true, .none),
            ([post, .connected, .requestBodyEnded], nil, .complete, .awaitingHead, true, .none),
            ([post, .connected, .requestBodyEnded, empty], .relay, .complete, .complete, true, .startNext),
            // A response before the body's end: the rest is taken, but the connection is not used again.
            ([post, .connected, empty], .relay, .awaitingBody, .complete, false, .lingerAfterFlush),
            ([post, .connected, empty, .requestBodyEnded], nil, .complete, .complete, false, .closeAfterFlush),
            ([post, .connected, started, .requestBodyEnded], nil, .complete, .awaitingBody, false, .none),
            ([post, .connected, started, .responseEnded], nil, .awaitingBody, .complete, false, .lingerAfterFlush),
            ([post, .requestBodyFailed], .answer, .abandoned, .complete, false, .lingerAfterFlush),
            ([post, .connected, .requestBodyFailed], .answer, .abandoned, .complete, false, .lingerAfterFlush),
            ([post, .connected, started, .requestBodyFailed], .breakOff, .abandoned, .broken, false, .none),
            ([post, .connected, empty, .requestBodyFailed], none, .abandoned, .complete, false, .lingerAfterFlush),
        ])
    }

    func testFailuresOfTheUpstream() {
        let none = Exchange.Action.none
        let repeatablePost = ExchangeEvent.permitted(hasBody: true, repeatable: true, persistent: true)
        let once = ExchangeEvent.permitted(hasBody: false, repeatable: false, persistent: true)
        check([
            ([get, failed], .answer, .complete, .complete, true, .startNext),
            ([get, died], .answer, .complete, .complete, true, .startNext),
            ([get, .connected, failed], .answer, .complete, .complete, true, .startNext),
            // What may be sent once more is, once, on a connection that is not stale.
            ([get, .connected, died], .connect(fresh: true), .complete, .awaitingConnection, true, .none),
            ([get, .connected, died, .connected], .forward, .complete, .awaitingHead, true, .none),
            ([get, .connected, died, .connected, died], .answer, .complete, .complete, true, .startNext),
            ([get, .connected, died, failed], .answer, .complete, .complete, true, .startNext),
            ([once, .connected, died], .answer, .complete, .complete, true, .startNext),
            ([repeatablePost, .connected, died], .answer, .abandoned, .complete, false, .lingerAfterFlush),
            ([repeatablePost, .requestBodyEnded, .connected, died], .answer, .complete, .complete, true, .startNext),
            ([post, failed], .answer, .abandoned, .complete, false, .lingerAfterFlush),
            ([get, .connected, started, failed], .breakOff, .complete, .broken, false, .none),
            ([get, .connected, started, died], .breakOff, .complete, .broken, false, .none),
            ([get, .connected, empty, failed], none, .complete, .complete, true, .startNext),
            ([get, .connected, started, failed, failed], none, .complete, .broken, false, .none),
        ])
    }

    func testTokensThatAreRefused() {
        let none = Exchange.Action.none
        let refused = [get, .connected, .tokenRefused]
        check([
            (refused, .renewToken, .complete, .awaitingToken, true, .none),
            (refused + [.tokenRenewed], .connect(fresh: false), .complete, .awaitingConnection, true, .none),
            (refused + [.tokenRenewed, .connected, empty], .relay, .complete, .complete, true, .startNext),
            // The answer that there is goes on.
            (refused + [.tokenKept], nil, .complete, .awaitingHead, true, .none),
            (refused + [.tokenKept, started], .relay, .complete, .awaitingBody, true, .none),
            // A new attempt may die like a first one.
            (refused + [.tokenRenewed, .connected, died], .connect(fresh: true), .complete, .awaitingConnection, true,
                none),
            ([get, .connected, died, .connected, .tokenRefused, .tokenRenewed, .connected, died],
                .connect(fresh: true), .complete, .awaitingConnection, true, none),
            (refused + [.tokenRenewed, failed], .answer, .complete, .complete, true, .startNext),
            ([post, .requestBodyEnded, .connected, .tokenRefused], .renewToken, .complete, .awaitingToken, true, none),
            (refused + [.callerFinishedSending], none, .complete, .awaitingToken, false, none),
            (refused + [.drain], nil, .complete, .awaitingToken, true, none),
            (refused + [.drain, .tokenRenewed, .connected, empty], .relay, .complete, .complete, false,
                .closeAfterFlush),
        ])
        let table: [([ExchangeEvent], Bool)] = [
            ([get], false), ([get, .connected], true), ([get, .connected, .interimResponse], true),
            ([post, .connected], false), ([post, .connected, .requestBodyEnded], true), (refused, false),
            (refused + [.tokenKept], false), (refused + [.tokenRenewed, .connected], false),
            ([get, .connected, empty], false), ([get, .connected, empty, .next, get, .connected], true),
        ]
        for (events, mayRenew) in table {
            var exchange = Exchange()
            for event in events { _ = event.happen(to: &exchange) }
            XCTAssertEqual(exchange.mayRenewToken, mayRenew, "\(events)")
        }
    }

    func testCallersThatFinish() {
        let finished = ExchangeEvent.callerFinishedSending
        let none = Exchange.Action.none
        check([
            ([finished], .close, .awaitingHead, .awaitingDecision, false, .none),
            ([.parked, finished], none, .awaitingKeys, .awaitingDecision, false, .none),
            ([.parked, finished, get], .connect(fresh: false), .complete, .awaitingConnection, false, .none),
            ([get, finished], none, .complete, .awaitingConnection, false, .none),
            ([get, finished, .connected, empty], .relay, .complete, .complete, false, .closeAfterFlush),
            ([get, .connected, empty, finished], none, .complete, .complete, false, .closeAfterFlush),
            ([post, finished], .close, .awaitingBody, .awaitingConnection, false, .none),
            ([post, .connected, started, finished], .close, .awaitingBody, .awaitingBody, false, .none),
            ([post, .connected, empty, finished], none, .awaitingBody, .complete, false, .lingerAfterFlush),
            ([post, failed, finished], none, .abandoned, .complete, false, .lingerAfterFlush),
        ])
    }

    func testDraining() {
        check([
            ([.drain], nil, .awaitingHead, .awaitingDecision, true, .none),
            ([.parked, .drain], nil, .awaitingKeys, .awaitingDecision, true, .none),
            ([.parked, .drain, get], .connect(fresh: false), .complete, .awaitingConnection, false, .none),
            (
                [.parked, .drain, .refused(bodyFollows: false, persistent: true)], .answer, .complete, .complete, false,
                .closeAfterFlush
            ),
            ([get, .drain, .connected, empty], .relay, .complete, .complete, false, .closeAfterFlush),
            // The head had promised to keep the connection: the next response ends it.
            ([get, .connected, started, .drain, .responseEnded], nil, .complete, .complete, true, .startNext),
            ([get, .drain, failed], .answer, .complete, .complete, false, .closeAfterFlush),
        ])
    }

    func testTunnels() {
        let none = Exchange.Action.none
        let upgrade = ExchangeEvent.permitted(hasBody: false, repeatable: true, persistent: true, upgrades: true)
        let opened = [upgrade, .connected, .switchedProtocols]
        check([
            (opened, .openTunnel, .awaitingEnd, .awaitingEnd, false, .none),
            ([upgrade, .connected, .interimResponse, .switchedProtocols], .openTunnel, .awaitingEnd, .awaitingEnd,
                false, .none),
            // One side after the other.
            (opened + [.callerEnded], .endUpstream, .complete, .awaitingEnd, false, .none),
            (opened + [.upstreamEnded], .endCaller, .awaitingEnd, .complete, false, .none),
            (opened + [.callerEnded, .upstreamEnded], none, .complete, .complete, false, .closeAfterFlush),
            (opened + [.upstreamEnded, .callerEnded], none, .complete, .complete, false, .closeAfterFlush),
            (opened + [.upstreamRefusesMore], nil, .abandoned, .awaitingEnd, false, .none),
            (opened + [.upstreamRefusesMore, .upstreamEnded], none, .abandoned, .complete, false, .lingerAfterFlush),
            (opened + [.upstreamEnded, .upstreamRefusesMore], nil, .abandoned, .complete, false, .lingerAfterFlush),
            // What breaks it.
            (opened + [failed], .breakOff, .awaitingEnd, .broken, false, .none),
            (opened + [.callerEnded, failed], .breakOff, .complete, .broken, false, .none),
            (opened + [.cutShort], .closeAfterFlush, .abandoned, .broken, false, .none),
            (opened + [.callerEnded, .cutShort], .closeAfterFlush, .abandoned, .broken, false, .none),
            (opened + [.upstreamEnded, .cutShort], .closeAfterFlush, .abandoned, .broken, false, .none),
            (opened + [.drain], nil, .awaitingEnd, .awaitingEnd, false, .none),
            // Without agreement it is a request like others.
            ([upgrade, .connected, empty], .relay, .complete, .complete, true, .startNext),
            ([upgrade, .connected, died, .connected, .switchedProtocols], .openTunnel, .awaitingEnd, .awaitingEnd,
                false, .none),
            ([upgrade, .connected, failed], .answer, .complete, .complete, true, .startNext),
            // A response that may not go on.
            ([get, .connected, started, .cutShort], .breakOff, .complete, .broken, false, .none),
        ])
        for (event, isWanted) in [(upgrade, true), (get, false), (empty, false), (failed, false)] {
            var exchange = Exchange()
            if event != get { for event in [upgrade, .connected] { _ = event.happen(to: &exchange) } }
            if event != upgrade { _ = event.happen(to: &exchange) }
            XCTAssertEqual(exchange.mayUpgrade, isWanted, "\(event)")
        }
    }

    func testIdleIsBetweenRequestsOnly() {
        var exchange = Exchange()
        XCTAssertTrue(exchange.isIdle)
        for event in [get, .connected, started, .responseEnded] {
            _ = event.happen(to: &exchange)
            XCTAssertFalse(exchange.isIdle, "\(event)")
        }
        exchange.next()
        XCTAssertTrue(exchange.isIdle)
        _ = exchange.parked()
        XCTAssertFalse(exchange.isIdle)
    }

    private func check(_ rows: [Row], line: UInt = #line) {
        for row in rows {
            var exchange = Exchange()
            var action: Exchange.Action?
            for event in row.events { action = event.happen(to: &exchange) }
            XCTAssertEqual(action, row.action, "\(row.events)", line: line)
            XCTAssertEqual(exchange.request, row.request, "\(row.events)", line: line)
            XCTAssertEqual(exchange.response, row.response, "\(row.events)", line: line)
            XCTAssertEqual(exchange.persistent, row.persistent, "\(row.events)", line: line)
            XCTAssertEqual(exchange.completion, row.completion, "\(row.events)", line: line)
        }
    }
}
