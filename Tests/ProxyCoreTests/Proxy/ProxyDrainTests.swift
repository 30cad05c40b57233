import ProxyCore
import XCTest

/// The end of a proxy: what is under way is finished, nothing new is begun.
final class ProxyDrainTests: ProxyTestCase {
    /// Answers what is not held at once, and the rest when the test says so.
    private func withHeldRequest(
        _ more: String = "", head: String? = nil,
        _ body: (_ proxy: ProxyFixture, _ client: RawClient, _ letGo: () -> Void) throws -> Void
    ) throws {
        let goOn = try WakeUp()
        let upstream = try ScriptedUpstream { talk in
            while let request = try talk.nextRequest() {
                guard request.target == "/held" else {
                    try talk.answer()
                    continue
                }
                if let head { try talk.send(head) }
                try Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(20)).awaitSignal(of: goOn)
                try talk.send(head == nil ? "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nheld" : "held")
            }
        }
        let proxy = try openProxy(upstream, more)
        let client = try proxy.client()
        try client.send(RequestText.of("GET", "/held"))
        _ = try upstream.request(0)
        try body(proxy, client, { goOn.signal() })
        goOn.signal()
        try upstream.awaitQuiet()
    }

    /// Returns when the proxy has begun to drain, which an idle connection shows.
    private func drain(_ proxy: ProxyFixture) throws {
        let idle = try proxy.client()
        try idle.send(RequestText.of("GET", "/"))
        XCTAssertEqual(try idle.response().status, 200)
        proxy.server.drain()
        try idle.assertClosed()
    }

    func testARequestUnderWayIsFinished() throws {
        try withHeldRequest { proxy, client, letGo in
            try drain(proxy)
            let patience = Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(20))
            do throws(WaitError) {
                _ = try BlockingSocket.connect(to: proxy.server.address, patience)
                XCTFail("a connection was taken")
            } catch {
                guard case .failed(let error) = error else { return XCTFail("\(error)") }
                XCTAssertTrue(error.isConnectionRefused)
            }
            letGo()
            let answer = try client.response()
            XCTAssertEqual(answer.text, "held")
            XCTAssertEqual(answer.field("Connection"), "close")
            try client.assertClosed()
            try proxy.awaitEnd()
        }
    }

    /// Its head has gone out without `Connection: close`, so only the end of the connection can tell.
    func testAResponseUnderWayIsFinished() throws {
        try withHeldRequest(head: "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n") { proxy, client, letGo in
            XCTAssertNil(try client.responseHead().field("Connection"))
            try drain(proxy)
            letGo()
            XCTAssertEqual(String(decoding: try client.read(4), as: UTF8.self), "held")
            try client.assertClosed()
            try proxy.awaitEnd()
        }
    }

    /// While load balancers still send: connections are taken, and each answer is the last one on its connection.
    func testInTheGraceNothingChangesButConnectionClose() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try openProxy(
            upstream, #""admin": "127.0.0.1:0", "timeouts": {"drain_grace_seconds": 0.5, "drain_idle_seconds": 0}"#)
        let admin = try AdminClient(proxy)
        let kept = try proxy.client()
        try kept.send(RequestText.of("GET", "/"))
        XCTAssertNil(try kept.response().field("Connection"))
        let idle = try proxy.client()
        proxy.server.drain()
        XCTAssertEqual(try admin.answer("/readyz").status, 503)
        let new = try proxy.client()
        for client in [kept, new] { try assertServedOnceMore(client) }
        // With the grace, its time ends too.
        try idle.assertClosed()
        try proxy.awaitEnd()
    }

    /// Closing a connection at once would cross the request that its caller has just sent.
    func testAnIdleConnectionHasItsTime() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try openProxy(upstream, #""timeouts": {"drain_idle_seconds": 20, "drain_seconds": 40}"#)
        let (kept, fresh) = (try proxy.client(), try proxy.client())
        try kept.send(RequestText.of("GET", "/"))
        XCTAssertEqual(try kept.response().status, 200)
        let patience = Patience(until: .never, cancel: try WakeUp())
        // `fresh` counts once it has been accepted.
        for _ in 0..<4000 where proxy.server.budget.connections < 2 {
            try patience.atMost(.milliseconds(5)).awaitDeadline()
        }
        proxy.server.drain()
        try awaitRefusal(proxy)
        for client in [kept, fresh] { try assertServedOnceMore(client) }
        try proxy.awaitEnd()
    }

    func testAnIdleConnectionIsClosedWhenItsTimeIsOver() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try openProxy(upstream, #""timeouts": {"drain_idle_seconds": 0.1, "drain_seconds": 40}"#)
        let kept = try proxy.client()
        try kept.send(RequestText.of("GET", "/"))
        XCTAssertEqual(try kept.response().status, 200)
        proxy.server.drain()
        try kept.assertClosed()
        try proxy.awaitEnd()
    }

    /// Its first answer promised to keep the connection, so the next request is answered as well.
    func testARequestAfterAResponseUnderWayIsAnswered() throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
        let more = #""timeouts": {"drain_idle_seconds": 20, "drain_seconds": 40}"#
        try withHeldRequest(more, head: head) { proxy, client, letGo in
            XCTAssertNil(try client.responseHead().field("Connection"))
            proxy.server.drain()
            try awaitRefusal(proxy)
            letGo()
            XCTAssertEqual(String(decoding: try client.read(4), as: UTF8.self), "held")
            try client.send(RequestText.of("GET", "/"))
            let answer = try client.response()
            XCTAssertEqual(answer.status, 200)
            XCTAssertEqual(answer.field("Connection"), "close")
            try client.assertClosed()
            try proxy.awaitEnd()
        }
    }

    /// Returns when the proxy takes no connections any more.
    private func awaitRefusal(_ proxy: ProxyFixture) throws {
        let patience = Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(20))
        for _ in 0..<2000 {
            do throws(WaitError) {
                _ = try BlockingSocket.connect(to: proxy.server.address, patience)
                try patience.atMost(.milliseconds(5)).awaitDeadline()
            } catch {
                if case .failed(let error) = error, error.isConnectionRefused { return }
            }
        }
        XCTFail("connections are still taken")
    }

    func testWhatTakesTooLongIsCut() throws {
        try withHeldRequest("\"timeouts\": {\"drain_seconds\": 0.2}") { proxy, client, _ in
            proxy.server.drain()
            XCTAssertEqual(try client.readToEnd().end, .reset)
            try proxy.awaitEnd()
        }
    }

    func testACutEndsEverything() throws {
        try withHeldRequest { proxy, client, _ in
            proxy.server.drain()
            proxy.server.cut()
            XCTAssertEqual(try client.readToEnd().end, .reset)
            try proxy.awaitEnd()
        }
    }

    /// A request that was sent before the proxy could say that it ends is answered, however little of it was read.
    func testARequestThatHasComeIsAnswered() throws {
        for _ in 0..<20 {
            let upstream = try ScriptedUpstream()
            let proxy = try openProxy(upstream)
            let client = try proxy.client()
            try client.send(RequestText.of("GET", "/"))
            XCTAssertEqual(try client.response().status, 200)
            try client.send(RequestText.of("GET", "/last"))
            proxy.server.drain()
            let answer = try client.response()
            XCTAssertEqual(answer.status, 200)
            try client.assertClosed()
            try proxy.awaitEnd()
        }
    }

    func testAHeadThatHasBegunIsWaitedFor() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try openProxy(upstream)
        let client = try proxy.client()
        try client.send(RequestText.of("GET", "/") + "GET / HTTP/1.1\r\nHo")
        XCTAssertEqual(try client.response().status, 200)
        try drain(proxy)
        try client.send("st: a\r\n\r\n")
        let answer = try client.response()
        XCTAssertEqual(answer.status, 200)
        XCTAssertEqual(answer.field("Connection"), "close")
        try client.assertClosed()
        try proxy.awaitEnd()
    }

    func testAProxyWithoutConnectionsEndsAtOnce() throws {
        for workers in [1, 2] {
            let upstream = try ScriptedUpstream()
            let proxy = try openProxy(upstream, workers: workers)
            XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/", "Connection: close")).status, 200)
            proxy.server.drain()
            proxy.server.drain()
            try proxy.awaitEnd()
        }
    }

    /// The proxy answers another request, says that it is the last one, and closes.
    private func assertServedOnceMore(_ client: RawClient, file: StaticString = #filePath, line: UInt = #line) throws {
        try client.send(RequestText.of("GET", "/"))
        let answer = try client.response()
        XCTAssertEqual(answer.status, 200, file: file, line: line)
        XCTAssertEqual(answer.field("Connection"), "close", file: file, line: line)
        try client.assertClosed()
    }
}
