import ProxyCore
import XCTest

/// Other rules while the proxy runs: what has been judged keeps its own, all else is judged by the new ones.
final class ReloadTests: ProxyTestCase {
    private static let open = #"{"path": "/a", "public": true, "id": "open"}"#
    private static let scoped = #"{"path": "/a", "scopes": ["a:read"], "id": "scoped"}"#
    private static let request = RequestText.of("GET", "/a")
    private let folder = TemporaryDirectory()

    private func start(
        _ upstream: ScriptedUpstream, routes: String = ReloadTests.open, _ more: String = "", issuers: String? = nil,
        workers: Int = 1
    ) throws -> ProxyFixture {
        try ProxyFixture(
            upstream.url, routes: routes, more, issuers: issuers, workers: workers, folder: folder)
    }

    func testTheNextRequestOnAKeptConnectionIsJudgedByTheNewTable() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try start(upstream, workers: 2)
        let clients = try (0..<4).map { _ in try proxy.client() }
        for client in clients {
            try client.send(Self.request)
            XCTAssertEqual(try client.response().status, 200)
        }
        let told = try proxy.reload(upstream.url, routes: Self.scoped, workers: 2)
        XCTAssertEqual(told.event, "reloaded")
        XCTAssertEqual(told["cause"], "signal")
        XCTAssertEqual(told.number("tightened"), 1)
        for client in clients {
            try client.send(Self.request)
            XCTAssertEqual(try client.response().status, 401)
            try client.send(RequestText.of("GET", "/a", token: proxy.token("a:read")))
            XCTAssertEqual(try client.response().status, 200)
        }
        let change = try proxy.log.entries.await("change") { $0.event == "rule_changed" }
        XCTAssertEqual(change["change"], "tightened")
        XCTAssertEqual(change["before"], "public")
        XCTAssertEqual(change["after"], "scopes a:read")
        // And back: nothing that was remembered is in the way.
        try proxy.reload(upstream.url, routes: Self.open, workers: 2)
        try clients[0].send(Self.request)
        XCTAssertEqual(try clients[0].response().status, 200)
    }

    func testARequestUnderWayKeepsTheTableThatJudgedIt() throws {
        let (came, latch) = (Recorder<Int>(), try Latch())
        let upstream = try ScriptedUpstream { talk in
            while try talk.nextRequest() != nil {
                came.record(1)
                latch.pass()
                try talk.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
        }
        let proxy = try start(upstream, #""admin": "127.0.0.1:0""#)
        let client = try proxy.client()
        try client.send(Self.request)
        try came.await { $0 == 1 }
        try proxy.reload(
            upstream.url, routes: #"{"path": "/b", "public": true, "id": "other"}"#, #""admin": "127.0.0.1:0""#)
        latch.open()
        XCTAssertEqual(try client.response().status, 200)
        XCTAssertEqual(try proxy.logged(path: "/a")["route"], "open")
        try client.send(Self.request)
        XCTAssertEqual(try client.response().status, 401)
        // What was counted for a route stays counted when it has gone.
        let admin = try AdminClient(proxy)
        let route = Scrape.requests("open", "allowed")
        try admin.awaitMetrics([route: 1, "scopeproxy_reloads_total{result=\"success\"}": 1])
        try proxy.reload(upstream.url, routes: Self.open, #""admin": "127.0.0.1:0""#)
        try client.send(Self.request)
        XCTAssertEqual(try client.response().status, 200)
        try admin.awaitMetrics([route: 2])
    }

    func testAHeadThatHasBegunIsJudgedByTheNewTable() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try start(upstream)
        let client = try proxy.client()
        try client.send("GET /a HTTP/1.1\r\nHost:")
        // So that the beginning has been read: what comes later on another connection is answered later.
        XCTAssertEqual(try proxy.answer(Self.request).status, 200)
        try proxy.reload(upstream.url, routes: Self.scoped)
        try client.send(" api.test\r\n\r\n")
        XCTAssertEqual(try client.response().status, 401)
    }

    func testAnInvalidFileChangesNothing() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try start(upstream, #""admin": "127.0.0.1:0""#)
        let admin = try AdminClient(proxy)
        let told = try proxy.reload("{\n \"listen\": 7,\n \"upstrem\": 1}")
        XCTAssertEqual(told.event, "reload_failed")
        let problems = proxy.log.entries.values.filter { $0.event == "configuration_problem" }
        XCTAssertEqual(told.number("problems"), Double(problems.count))
        XCTAssertGreaterThan(problems.count, 2)
        let path = folder.path("routes.json")
        XCTAssertTrue(problems.contains { $0["problem"]?.hasPrefix("\(path):2:12: listen:") ?? false }, "\(problems)")
        XCTAssertEqual(try admin.answer("/readyz").status, 200)
        XCTAssertEqual(try proxy.answer(Self.request).status, 200)
        try admin.awaitMetrics([
            "scopeproxy_reloads_total{result=\"failure\"}": 1, "scopeproxy_reload_last_failed": 1,
        ])
        XCTAssertEqual(try proxy.reload("").event, "reload_failed")
        XCTAssertEqual(
            try proxy.reload(upstream.url, routes: Self.scoped, #""admin": "127.0.0.1:0""#).event, "reloaded")
        XCTAssertEqual(try proxy.answer(Self.request).status, 401)
        try admin.awaitMetrics([
            "scopeproxy_reloads_total{result=\"failure\"}": 2, "scopeproxy_reload_last_failed": 0,
        ])
    }

    func testWhatNeedsARestartStaysAndTheRestApplies() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try start(upstream)
        try proxy.reload(
            upstream.url, routes: Self.scoped, #""log": {"level": "error"}, "realm": "other", "reuse_port": true"#,
            workers: 3, listen: #""127.0.0.1:1""#)
        let line = try proxy.log.entries.await("line") { $0.event == "reload_needs_restart" }
        XCTAssertEqual(line["keys"], "listen reuse_port workers log.level")
        let answer = try proxy.answer(Self.request)
        XCTAssertEqual(answer.status, 401)
        XCTAssertEqual(answer.field("WWW-Authenticate"), "Bearer realm=\"other\"")
    }

    func testWhomCallersAreTakenForIsToldWhenItChanges() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try start(upstream)
        let other = ProxyFixture.issuer(#""jwks": {"keys": [\#(TestSigner().jwk())]}"#)
        try proxy.reload(
            upstream.url, routes: Self.open, #""trusted_proxies": ["0.0.0.0/0"], "forward_token": true"#,
            issuers: other)
        let entries = proxy.log.entries.values
        let issuer = try XCTUnwrap(entries.first { $0.event == "issuer_changed" })
        XCTAssertEqual([issuer["change"], issuer["issuer"], issuer["level"]], ["changed", ClaimsText.issuer, "warn"])
        let trust = try XCTUnwrap(entries.first { $0.event == "trust_changed" })
        XCTAssertEqual([trust["keys"], trust["level"]], ["trusted_proxies forward_token", "warn"])
        let count = entries.count
        try proxy.reload(
            upstream.url, routes: Self.open, #""trusted_proxies": ["0.0.0.0/0"], "forward_token": true"#,
            issuers: other)
        let later = proxy.log.entries.values.dropFirst(count).map(\.event)
        XCTAssertFalse(later.contains("issuer_changed") || later.contains("trust_changed"), "\(later)")
    }

    func testLimitsAreThoseOfTheNextRequest() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try start(upstream, #""limits": {"head_bytes": 1024, "target_bytes": 512}"#)
        let client = try proxy.client()
        let long = String(repeating: "x", count: 60_000)
        // The first part of a head that only the new limits allow.
        try client.send("GET /a HTTP/1.1\r\nHost: api.test\r\n")
        XCTAssertEqual(try proxy.answer(Self.request).status, 200)
        try proxy.reload(upstream.url, routes: Self.open, #""limits": {"head_bytes": 65535, "target_bytes": 60000}"#)
        try client.send("X-Long: \(long)\r\n\r\n")
        XCTAssertEqual(try client.response().status, 200)
        try client.send(RequestText.of("GET", "/a?\(long.prefix(50_000))"))
        XCTAssertEqual(try client.response().status, 200)
        try proxy.reload(upstream.url, routes: Self.open, #""limits": {"head_bytes": 1024, "target_bytes": 512}"#)
        try client.send(RequestText.of("GET", "/a?\(long.prefix(600))"))
        XCTAssertEqual(try client.response().status, 414)
    }

    func testUpstreamsComeAndGo() throws {
        let closed = Recorder<Int>()
        let first = try ScriptedUpstream { talk in
            while try talk.nextRequest() != nil { try talk.send("HTTP/1.1 204 No Content\r\n\r\n") }
            closed.record(talk.number)
        }
        let second = try ScriptedUpstream()
        let proxy = try start(first)
        let client = try proxy.client()
        func get() throws {
            try client.send(Self.request)
            XCTAssertLessThan(try client.response().status, 300)
        }
        try get()
        // Nothing that matters to connections has changed.
        try proxy.reload("{\"url\": \"\(first.url)\", \"max_connections\": 7}", routes: Self.open)
        try get()
        XCTAssertEqual(first.connections, 1)
        try proxy.reload(second.url, routes: Self.open)
        try get()
        XCTAssertEqual(second.requests.count, 1)
        XCTAssertEqual(first.requests.count, 2)
        // What was at rest has been closed.
        try closed.await { $0 == 0 }
        XCTAssertEqual(try proxy.reload(first.url, routes: Self.open).event, "reloaded")
        try get()
        XCTAssertEqual(first.connections, 2)
    }

    func testAResponseUnderWayIsCompletedByTheOldUpstream() throws {
        let (came, latch) = (Recorder<Int>(), try Latch())
        let first = try ScriptedUpstream { talk in
            _ = try talk.nextRequest()
            try talk.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nol")
            came.record(1)
            latch.pass()
            try talk.send("d!")
            try talk.awaitEnd()
        }
        let second = try ScriptedUpstream()
        let proxy = try start(first)
        let client = try proxy.client()
        try client.send(Self.request)
        try came.await { $0 == 1 }
        try proxy.reload(second.url, routes: Self.open)
        latch.open()
        XCTAssertEqual(try client.response().text, "old!")
        // Its connection is of no more use.
        _ = try first.end()
        try client.send(Self.request)
        XCTAssertEqual(try client.response().text, "ok")
    }

    /// The bound is the worker's, whichever rules a connection comes of.
    func testConnectionsOfOldRulesCountInMaxConnections() throws {
        let (first, second) = (try ScriptedUpstream { try $0.switchEach() }, try ScriptedUpstream())
        let admin = #""admin": "127.0.0.1:0""#
        func bounded(_ upstream: ScriptedUpstream) -> String {
            "{\"url\": \"\(upstream.url)\", \"max_connections\": 1}"
        }
        let proxy = try ProxyFixture(bounded(first), routes: Self.open, admin, folder: folder)
        let tunnel = try proxy.client()
        try tunnel.send(RequestText.webSocket("/a"))
        XCTAssertEqual(try tunnel.responseHead().status, 101)
        try proxy.reload(bounded(second), routes: Self.open, admin)
        let client = try proxy.client()
        try client.send(Self.request)
        try AdminClient(proxy).awaitMetrics([
            "scopeproxy_upstream_connections": 1, "scopeproxy_upstream_requests_waiting": 1,
        ])
        XCTAssertEqual(second.connections, 0)
        tunnel.endSending()
        XCTAssertEqual(try client.response().status, 200)
        XCTAssertEqual(second.connections, 1)
    }

    /// What is still asked of a proxy that drains is judged by the rules of the time. The worker that has nothing to do
    /// ends at once, and is not waited for.
    func testItIsReloadedWhileItDrains() throws {
        let upstream = try ScriptedUpstream()
        let times = #""timeouts": {"drain_idle_seconds": 20, "drain_seconds": 40}"#
        let proxy = try start(upstream, times, workers: 2)
        let client = try proxy.client()
        try client.send(Self.request)
        XCTAssertEqual(try client.response().status, 200)
        proxy.server.drain()
        // At the second time that worker has certainly ended.
        for _ in 0..<2 {
            XCTAssertEqual(try proxy.reload(upstream.url, routes: Self.scoped, times, workers: 2).event, "reloaded")
        }
        XCTAssertFalse(proxy.log.entries.values.contains { $0.event == "reload_slow" })
        try client.send(Self.request)
        let answer = try client.response()
        XCTAssertEqual(answer.status, 401)
        XCTAssertEqual(answer.field("Connection"), "close")
        try client.assertClosed()
        try proxy.awaitEnd()
    }

    func testTheProxyIsToldOfReloads() throws {
        let told = Recorder<String>()
        let upstream = try ScriptedUpstream()
        let log = try LogCapture()
        let text = ProxyFixture.text(upstream.url, routes: Self.open, signer: TestSigner())
        let path = folder.write(text, to: "routes.json")
        var reloading = Reloading { () throws(ConfigurationProblems) in try ConfigurationLoader().load(path) }
        reloading.began = { told.record("began") }
        reloading.ended = { told.record("ended") }
        let server = try ProxyServer.start(try ConfigurationLoader().load(path), log: log.writer, reloading: reloading)
        server.reload()
        try told.await { $0 == "ended" }
        XCTAssertEqual(told.values, ["began", "ended"])
        server.cut()
        server.join()
        log.stop()
    }
}
