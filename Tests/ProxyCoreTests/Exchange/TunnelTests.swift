import ProxyCore
import XCTest

/// WebSocket connections once they are open: what moves, and how they end.
final class TunnelTests: ProxyTestCase {
    /// A caller's end of an open tunnel through a proxy that lets everybody in.
    private func open(_ proxy: ProxyFixture, _ target: String = "/", token: String? = nil) throws -> RawClient {
        let client = try proxy.client()
        try client.send(RequestText.webSocket(target, token: token))
        XCTAssertEqual(try client.responseHead().status, 101)
        return client
    }

    private func read(_ client: RawClient, _ count: Int) throws -> String {
        String(decoding: try client.read(count), as: UTF8.self)
    }

    // MARK: - Moving

    func testBytesGoBothWaysAsTheyAre() throws {
        let upstream = try ScriptedUpstream { try $0.switchEach() }
        let proxy = try openProxy(upstream)
        let client = try open(proxy)
        var random = SeededRandom(seed: .random(in: .min ... .max))
        var count = 0
        for _ in 0..<50 {
            let bytes = (0..<random.next(upTo: 3000)).map { _ in UInt8(random.next(upTo: 256)) }
            try client.send(bytes)
            XCTAssertEqual(try client.read(bytes.count), bytes)
            count += bytes.count
        }
        client.endSending()
        try client.assertClosed()
        let entry = try proxy.logged(path: "/")
        XCTAssertEqual(entry.number("status"), 101)
        XCTAssertEqual(entry.number("upstream_status"), 101)
        XCTAssertNil(entry["reason"])
        XCTAssertEqual(entry.number("request_bytes"), Double(count))
        XCTAssertEqual(entry.number("response_bytes"), Double(count))
        XCTAssertNotNil(entry.number("tunnel_ms"))
        try assertQuiet(proxy)
    }

    /// What looks like HTTP is none any more.
    func testRequestsInATunnelAreBytes() throws {
        let upstream = try ScriptedUpstream { try $0.switchEach() }
        let proxy = try openProxy(upstream)
        let client = try open(proxy)
        let text = RequestText.of("GET", "/smuggled") + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        try client.send(text)
        XCTAssertEqual(try read(client, text.utf8.count), text)
        client.close()
        try assertQuiet(proxy)
        XCTAssertEqual(proxy.log.entries.values.filter { $0.event == "request" }.count, 1)
        XCTAssertEqual(upstream.requests.count, 1)
    }

    func testTheUpstreamsFirstBytesMayComeWithItsHead() throws {
        let upstream = try ScriptedUpstream { talk in
            _ = try talk.nextRequest()
            try talk.switchProtocols(then: "welcome")
            try talk.awaitEnd()
        }
        let proxy = try openProxy(upstream)
        let client = try open(proxy)
        XCTAssertEqual(try read(client, 7), "welcome")
    }

    private static let bytes = 256 << 20
    private static let growthMax = 32 << 20

    func testASlowCallerTakesNoMemory() throws { try download(isCallerSlow: true) }

    func testASlowUpstreamTakesNoMemory() throws { try upload(isUpstreamSlow: true) }

    private func download(isCallerSlow: Bool) throws {
        let upstream = try BulkUpstream { stream in
            try stream.skip(through: "\r\n\r\n")
            try stream.send("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
            try stream.send(bytes: Self.bytes, slowly: !isCallerSlow)
            try stream.skip(through: "end")
        }
        let proxy = try openProxy(upstream.url)
        let caller = try BulkStream(proxy.server.address)
        let before = try ResidentMemory.bytes()
        try caller.send(RequestText.webSocket("/"))
        try caller.skip(through: "\r\n\r\n")
        try caller.discard(bytes: Self.bytes, slowly: isCallerSlow)
        try assertGrowth(since: before, caller, upstream)
        try caller.send("end")
        caller.close()
        try assertQuiet(proxy)
    }

    private func upload(isUpstreamSlow: Bool) throws {
        let upstream = try BulkUpstream { stream in
            try stream.skip(through: "\r\n\r\n")
            try stream.send("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
            try stream.discard(bytes: Self.bytes, slowly: isUpstreamSlow)
            try stream.send("end")
        }
        let proxy = try openProxy(upstream.url)
        let caller = try BulkStream(proxy.server.address)
        let before = try ResidentMemory.bytes()
        try caller.send(RequestText.webSocket("/"))
        try caller.skip(through: "\r\n\r\n")
        try caller.send(bytes: Self.bytes, slowly: !isUpstreamSlow)
        try caller.skip(through: "end")
        try assertGrowth(since: before, caller, upstream)
        caller.close()
        try assertQuiet(proxy)
    }

    private func assertGrowth(since before: Int, _ caller: BulkStream, _ upstream: BulkUpstream) throws {
        let peak = max(caller.peak.values.max() ?? 0, upstream.peaks.max() ?? 0, try ResidentMemory.bytes())
        XCTAssertLessThan(peak - before, Self.growthMax)
        XCTAssertGreaterThan(caller.peak.values.count + upstream.peaks.count, 8, "memory was looked at")
    }

    // MARK: - Ends

    func testTheCallerEndsFirst() throws {
        let upstream = try ScriptedUpstream { talk in
            _ = try talk.nextRequest()
            try talk.switchProtocols()
            let came = try talk.connection.readToEnd()
            XCTAssertEqual(came.end, .closed)
            try talk.send(came.bytes + Array(" and more".utf8))
        }
        let proxy = try openProxy(upstream)
        let client = try open(proxy)
        try client.send("last words")
        client.endSending()
        XCTAssertEqual(try client.readToEnd().text, "last words and more")
        XCTAssertNil(try proxy.logged(path: "/")["reason"])
        try assertQuiet(proxy)
    }

    /// It has ended its side before there was a tunnel: what it had sent by then goes through, and then its end.
    func testTheCallerEndsBeforeTheSwitch() throws {
        let goOn = try Latch()
        let upstream = try ScriptedUpstream { talk in
            guard try talk.nextRequest() != nil else { return }
            goOn.pass()
            try talk.switchProtocols()
            try talk.send(try talk.connection.readToEnd().bytes)
        }
        let proxy = try openProxy(upstream)
        let client = try proxy.client()
        try client.send(RequestText.webSocket("/") + "first and last")
        client.endSending()
        _ = try upstream.request(0)
        goOn.open()
        XCTAssertEqual(try client.responseHead().status, 101)
        XCTAssertEqual(try client.readToEnd().text, "first and last")
        XCTAssertNil(try proxy.logged(path: "/")["reason"])
        try assertQuiet(proxy)
    }

    func testTheUpstreamEndsFirst() throws {
        let upstream = try ScriptedUpstream { talk in
            _ = try talk.nextRequest()
            try talk.switchProtocols(then: "goodbye")
            talk.connection.endSending()
            XCTAssertEqual(try talk.connection.read(9), Array("and still".utf8))
            try talk.awaitEnd()
        }
        let proxy = try openProxy(upstream)
        let client = try open(proxy)
        XCTAssertEqual(try client.readToEnd().text, "goodbye")
        try client.send("and still")
        client.endSending()
        XCTAssertEqual(try upstream.end(), .closed)
        XCTAssertNil(try proxy.logged(path: "/")["reason"])
        try assertQuiet(proxy)
    }

    /// An upstream that closes for good, while its caller goes on: the caller still gets all that was sent.
    func testTheUpstreamGoesWhileTheCallerSends() throws {
        let upstream = try ScriptedUpstream { talk in
            _ = try talk.nextRequest()
            try talk.switchProtocols(then: "goodbye")
        }
        let proxy = try openProxy(upstream)
        let client = try open(proxy)
        let (text, end) = try client.readToEnd()
        XCTAssertEqual(text, "goodbye")
        XCTAssertEqual(end, .closed)
        // Until the proxy has found out that nobody takes it.
        for _ in 0..<1000 where (try? client.connection.sendWhatFits([0x78])) != nil {
            try client.connection.pause(.milliseconds(1))
            if proxy.log.entries.values.contains(where: { $0["path"] == "/" }) { break }
        }
        XCTAssertNil(try proxy.logged(path: "/")["reason"])
        client.close()
        try assertQuiet(proxy)
    }

    func testAResetUpstreamBreaksIt() throws {
        let upstream = try ScriptedUpstream { talk in
            _ = try talk.nextRequest()
            try talk.switchProtocols()
            _ = try talk.connection.read(2)
            talk.reset()
        }
        let proxy = try openProxy(upstream)
        let client = try open(proxy)
        try client.send("go")
        XCTAssertEqual(try client.readToEnd().end, .reset)
        XCTAssertEqual(try proxy.logged(path: "/")["reason"], "upstream_reset")
        try assertQuiet(proxy)
    }

    func testAResetCallerBreaksIt() throws {
        let upstream = try ScriptedUpstream { talk in
            _ = try talk.nextRequest()
            try talk.switchProtocols()
            try talk.awaitEnd()
        }
        let proxy = try openProxy(upstream)
        let client = try open(proxy)
        client.reset()
        XCTAssertEqual(try upstream.end(), .reset)
        XCTAssertEqual(try proxy.logged(path: "/")["reason"], "caller_gone")
        try assertQuiet(proxy)
    }

    func testTheUpstreamsConnectionIsNotUsedAgain() throws {
        let upstream = try ScriptedUpstream { try $0.switchEach() }
        let proxy = try openProxy(upstream)
        for number in 0..<3 {
            let client = try open(proxy)
            client.endSending()
            try client.assertClosed()
            XCTAssertEqual(try upstream.request(number).connection, number)
        }
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/")).status, 200)
        XCTAssertEqual(upstream.connections, 4)
        try assertQuiet(proxy)
    }

    // MARK: - Time

    func testASilentTunnelEnds() throws {
        let upstream = try ScriptedUpstream { try $0.switchEach() }
        let proxy = try openProxy(
            upstream, "\"timeouts\": {\"tunnel_idle_seconds\": 0.2, \"upstream_idle_seconds\": 60}")
        let client = try open(proxy)
        try client.send("ping")
        XCTAssertEqual(try read(client, 4), "ping")
        try client.assertClosed()
        XCTAssertEqual(try proxy.logged(path: "/")["reason"], "tunnel_idle")
        try assertQuiet(proxy)
    }

    /// The timeouts of responses do not concern it, and a route may have its own.
    func testARouteHasItsOwnIdleTimeout() throws {
        let upstream = try ScriptedUpstream { try $0.switchEach() }
        let proxy = try openProxy(
            upstream, "\"timeouts\": {\"tunnel_idle_seconds\": 3600, \"upstream_idle_seconds\": 3600}",
            route: "\"timeouts\": {\"tunnel_idle_seconds\": 0.2}")
        try open(proxy).assertClosed()
        XCTAssertEqual(try proxy.logged(path: "/")["reason"], "tunnel_idle")
    }

    /// One side has ended and the other neither ends nor says anything.
    func testAHalfClosedTunnelIsBoundedToo() throws {
        let upstream = try ScriptedUpstream { talk in
            _ = try talk.nextRequest()
            try talk.switchProtocols()
            if talk.number == 0 { talk.connection.endSending() }
            try talk.hang()
        }
        let proxy = try openProxy(upstream, "\"timeouts\": {\"tunnel_idle_seconds\": 0.2}")
        for target in ["/0", "/1"] {
            let client = try open(proxy, target)
            if target == "/1" { client.endSending() }
            try client.assertClosed()
            XCTAssertEqual(try proxy.logged(path: target)["reason"], "tunnel_idle")
        }
    }

    // MARK: - Drain

    func testADrainLeavesItTheTimeThatThereIs() throws {
        let upstream = try ScriptedUpstream { try $0.switchEach() }
        let proxy = try openProxy(upstream)
        let (client, idle) = (try open(proxy), try proxy.client())
        try idle.send(RequestText.of("GET", "/x"))
        XCTAssertEqual(try idle.response().status, 200)
        proxy.server.drain()
        try idle.assertClosed()
        try client.send("still here")
        XCTAssertEqual(try read(client, 10), "still here")
        client.endSending()
        try client.assertClosed()
        try proxy.awaitEnd()
        XCTAssertNil(try proxy.logged(path: "/")["reason"])
    }

    /// Nothing of ours is put into the stream: the connection ends, which a WebSocket client knows for what it is.
    func testADrainEndsItByTheDeadline() throws {
        let upstream = try ScriptedUpstream { talk in
            guard try talk.nextRequest() != nil else { return }
            try talk.switchProtocols()
            try talk.awaitEnd()
        }
        let proxy = try openProxy(upstream, "\"timeouts\": {\"drain_seconds\": 0.2}")
        let client = try open(proxy)
        proxy.server.drain()
        try client.assertClosed()
        try proxy.awaitEnd()
        XCTAssertEqual(try proxy.logged(path: "/")["reason"], "drained")
        XCTAssertEqual(try upstream.end(), .closed)
        XCTAssertEqual(proxy.server.budget.connections, 0)
    }

    // MARK: - Others

    /// One tunnel that never stops does not keep other callers of the same worker from being served.
    func testABusyTunnelStarvesNobody() throws {
        let upstream = try ScriptedUpstream { talk in
            guard let request = try talk.nextRequest() else { return }
            if request.target == "/busy" {
                try talk.switchProtocols()
                let piece = [UInt8](repeating: 0x78, count: 1 << 16)
                while true { try talk.send(piece) }
            }
            try talk.answer()
        }
        let proxy = try openProxy(upstream)
        let (address, isOpen) = (proxy.server.address, try Latch())
        let thread = try Thread.start(name: "busy") {
            // It ends with an error, when the proxy does.
            guard let busy = try? BulkStream(address) else { return }
            try? busy.send(RequestText.webSocket("/busy"))
            try? busy.skip(through: "\r\n\r\n")
            isOpen.open()
            try? busy.discard(bytes: .max, slowly: false)
        }
        isOpen.pass()
        for number in 0..<50 {
            XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/\(number)")).status, 200)
        }
        proxy.stop()
        thread.join()
        XCTAssertEqual(try proxy.logged(path: "/busy")["reason"], "drained")
    }

    func testTheyAreCounted() throws {
        let upstream = try ScriptedUpstream { try $0.switchEach() }
        let proxy = try openProxy(upstream, "\"admin\": \"127.0.0.1:0\"")
        let admin = try AdminClient(proxy)
        let (first, second) = (try open(proxy), try open(proxy))
        try admin.awaitMetrics(["scopeproxy_tunnels": 2])
        first.endSending()
        try first.assertClosed()
        second.reset()
        let ended = "scopeproxy_tunnels_ended_total"
        let scrape = try admin.awaitMetrics([
            "scopeproxy_tunnels": 0, "\(ended){reason=\"closed\"}": 1, "\(ended){reason=\"caller_gone\"}": 1,
            "\(ended){reason=\"token_expired\"}": 0, "scopeproxy_responses_total{code=\"1xx\"}": 2,
            "scopeproxy_request_duration_seconds_count": 2, "scopeproxy_proxy_duration_seconds_count": 0,
        ])
        XCTAssertEqual(scrape.sum(ended), 2)
    }
}
