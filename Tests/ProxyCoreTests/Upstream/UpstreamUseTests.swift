import ProxyCore
import XCTest

/// How running proxies use their connections to the application.
final class UpstreamUseTests: ProxyTestCase {
    // MARK: - Reuse

    func testOneConnectionServesManyCallersInTurn() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try openProxy(upstream)
        for number in 0..<10 {
            let method = ["GET", "POST", "DELETE"][number % 3]
            let answer = try proxy.answer(RequestText.of(method, "/\(number)", body: method == "POST" ? "x" : nil))
            XCTAssertEqual(answer.status, 200)
        }
        XCTAssertEqual(upstream.connections, 1)
        XCTAssertEqual(upstream.requests.map(\.target), (0..<10).map { "/\($0)" })
        try assertQuiet(proxy)
    }

    func testOverAUnixSocket() throws {
        let directory = TemporaryDirectory()
        let upstream = try ScriptedUpstream(on: .unix(path: directory.path("app")))
        let proxy = try openProxy(upstream)
        for _ in 0..<3 { XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/")).text, "ok") }
        XCTAssertEqual(upstream.connections, 1)
        upstream.stop()
        try assertQuiet(proxy)
    }

    /// The first request holds the only connection until the test lets it go.
    private func withOneConnection(
        _ more: String, _ body: (_ proxy: ProxyFixture, _ first: RawClient, _ letGo: () -> Void) throws -> Void
    ) throws {
        let goOn = try WakeUp()
        let upstream = try ScriptedUpstream { talk in
            while let request = try talk.nextRequest() {
                if request.target == "/held" {
                    try Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(20)).awaitSignal(of: goOn)
                }
                try talk.answer(body: request.target)
            }
        }
        let proxy = try openProxy("{\"url\": \"\(upstream.url)\", \"max_connections\": 1}", more)
        let first = try proxy.client()
        try first.send(RequestText.of("GET", "/held"))
        _ = try upstream.request(0)
        try body(proxy, first, { goOn.signal() })
        goOn.signal()
        XCTAssertEqual(upstream.connections, 1)
        try assertQuiet(proxy)
    }

    func testRequestsQueueForAConnection() throws {
        try withOneConnection("") { proxy, first, letGo in
            let waiting = try (0..<3).map { number in
                let client = try proxy.client()
                try client.send(RequestText.of("GET", "/\(number)"))
                return client
            }
            // One that leaves the queue leaves no hole in it.
            waiting[1].reset()
            letGo()
            XCTAssertEqual(try first.response().text, "/held")
            XCTAssertEqual(try waiting[0].response().text, "/0")
            XCTAssertEqual(try waiting[2].response().text, "/2")
        }
    }

    func testAQueueThatDoesNotMoveIsAnswered504() throws {
        try withOneConnection(#""timeouts": {"upstream_connect_seconds": 0.2}"#) { proxy, first, letGo in
            let late = try proxy.client()
            try late.send(RequestText.of("GET", "/late"))
            let answer = try late.response()
            XCTAssertEqual(answer.status, 504)
            XCTAssertEqual(answer.code, "upstream_saturated")
            letGo()
            XCTAssertEqual(try first.response().text, "/held")
            try late.send(RequestText.of("GET", "/again"))
            XCTAssertEqual(try late.response().text, "/again")
        }
    }

    /// A body that trickles in does not prolong the wait for a connection.
    func testATricklingBodyDoesNotProlongTheWait() throws {
        try withOneConnection(#""timeouts": {"upstream_connect_seconds": 0.2}"#) { proxy, _, _ in
            let late = try proxy.client()
            try late.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
            var sent = 0
            while late.connection.pending.isEmpty, sent < 900 {
                try late.connection.pause(.milliseconds(10))
                guard (try? late.connection.sendWhatFits([0x61])) != nil else { break }
                sent += 1
                if proxy.log.entries.values.contains(where: { $0["reason"] == "upstream_saturated" }) { break }
            }
            XCTAssertLessThan(sent, 900)
            XCTAssertEqual(try late.response(to: "POST").code, "upstream_saturated")
            late.close()
        }
    }

    func testAnIdleConnectionThatTheUpstreamClosedIsNotUsed() throws {
        let closed = Recorder<Int>()
        let upstream = try ScriptedUpstream { talk in
            _ = try talk.nextRequest()
            try talk.answer()
            talk.connection.close()
            closed.record(talk.number)
        }
        let proxy = try openProxy(upstream)
        let client = try proxy.client()
        for number in 0..<5 {
            // POST: not one that would be sent again.
            try client.send(RequestText.of("POST", "/", body: "x"))
            XCTAssertEqual(try client.response(to: "POST").status, 200)
            try closed.await { $0 == number }
        }
        XCTAssertEqual(upstream.connections, 5)
        try assertQuiet(proxy)
    }

    // MARK: - Another attempt

    private struct Attempt {
        let request: String
        let isRepeated: Bool
    }

    private static let longField = "X: " + String(repeating: "x", count: 9000)

    private let attempts = [
        Attempt(request: RequestText.of("GET", "/again"), isRepeated: true),
        // Longer than what is kept as a copy.
        Attempt(request: RequestText.of("GET", "/again", UpstreamUseTests.longField), isRepeated: true),
        Attempt(request: RequestText.of("HEAD", "/again"), isRepeated: true),
        Attempt(request: RequestText.of("DELETE", "/again"), isRepeated: true),
        Attempt(request: RequestText.of("OPTIONS", "/again"), isRepeated: true),
        Attempt(request: RequestText.of("PUT", "/again", "Content-Length: 0"), isRepeated: true),
        Attempt(request: RequestText.of("POST", "/again"), isRepeated: false),
        Attempt(request: RequestText.of("PATCH", "/again"), isRepeated: false),
        Attempt(request: RequestText.of("POST", "/again", body: "x"), isRepeated: false),
        Attempt(request: RequestText.of("PUT", "/again", body: "x"), isRepeated: false),
        Attempt(request: RequestText.of("GET", "/again", body: "x"), isRepeated: false),
    ]

    /// The first request on each connection is answered; the second one is read, and the connection ends.
    func testARequestOnAConnectionThatDiedIsSentOnceMore() throws {
        for attempt in attempts {
            for resets in [false, true] {
                let upstream = try ScriptedUpstream { talk in
                    let first = try talk.nextRequest()
                    let body = first?.method == "HEAD" ? "" : "ok"
                    try talk.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + body)
                    _ = try talk.nextRequest()
                    if resets { talk.reset() }
                }
                let proxy = try openProxy(upstream)
                XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/first")).status, 200)
                let answer = try proxy.answer(attempt.request)
                XCTAssertEqual(answer.status, attempt.isRepeated ? 200 : 502, attempt.request)
                if !attempt.isRepeated { XCTAssertEqual(answer.code, resets ? "upstream_reset" : "upstream_closed") }
                try assertQuiet(proxy)
                XCTAssertEqual(upstream.connections, attempt.isRepeated ? 2 : 1, attempt.request)
                let sent = upstream.requests.filter { $0.target == "/again" }
                XCTAssertEqual(sent.count, attempt.isRepeated ? 2 : 1, attempt.request)
                // To the byte the same, identifier and all.
                XCTAssertEqual(Set(upstream.requests.dropFirst().map(\.bytes)).count, 1)
            }
        }
    }

    func testOnceMoreIsNotTwiceMore() throws {
        let upstream = try ScriptedUpstream { talk in
            let first = try talk.nextRequest()
            if first?.target == "/again" { return }
            try talk.answer()
            _ = try talk.nextRequest()
        }
        let proxy = try openProxy(upstream)
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/first")).status, 200)
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/again")).code, "upstream_closed")
        XCTAssertEqual(upstream.requests.map(\.target), ["/first", "/again", "/again"])
        // A connection that was never used is not to blame on its age.
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/again")).code, "upstream_closed")
        XCTAssertEqual(upstream.requests.count, 4)
        try assertQuiet(proxy)
    }

    /// Once something of a response has come, were it an interim one or half a head, the request is not sent again.
    func testNothingIsRepeatedAfterTheFirstByte() throws {
        for beginning in ["H", "HTTP/1.1 103 Early Hints\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 2"] {
            let upstream = try ScriptedUpstream { talk in
                _ = try talk.nextRequest()
                try talk.answer()
                if try talk.nextRequest() != nil { try talk.send(beginning) }
            }
            let proxy = try openProxy(upstream)
            XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/first")).status, 200)
            XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/second")).code, "upstream_closed", beginning)
            XCTAssertEqual(upstream.requests.count, 2)
            try assertQuiet(proxy)
        }
    }

    // MARK: - No upstream

    func testNobodyListens() throws {
        let upstream = try ScriptedUpstream()
        let url = upstream.url
        upstream.stop()
        let proxy = try openProxy(url)
        let client = try proxy.client()
        for _ in 0..<3 {
            try client.send(RequestText.of("GET", "/"))
            let answer = try client.response()
            XCTAssertEqual(answer.status, 502)
            XCTAssertEqual(answer.code, "upstream_unreachable")
        }
        XCTAssertEqual(try proxy.logged(path: "/")["detail"], "connect: Connection refused")
        let unix = try openProxy("unix:/nonexistent/socket")
        XCTAssertEqual(try unix.answer(RequestText.of("GET", "/")).code, "upstream_unreachable")
        try assertQuiet(proxy)
        try assertQuiet(unix)
    }

    /// A listener whose queue is full takes no further connection, and says nothing.
    func testAnUpstreamThatTakesNoConnection() throws {
        let listener = try Socket.listen(on: ScriptedUpstream.loopback, sharedPort: false, backlog: 0)
        let address = try XCTUnwrap(try Socket.localAddress(listener))
        let fillers = try (0..<4).map { _ in try RawClient(address) }
        let proxy = try openProxy("http://\(address)", #""timeouts": {"upstream_connect_seconds": 0.2}"#)
        let answer = try proxy.answer(RequestText.of("GET", "/"))
        XCTAssertEqual(answer.status, 504)
        XCTAssertEqual(answer.code, "upstream_connect_timeout")
        for filler in fillers { filler.close() }
        try assertQuiet(proxy)
    }
}
