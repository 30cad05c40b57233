import ProxyCore
import XCTest

/// Each row of the table of limits: what just fits, and what happens to the rest.
final class LimitTests: ProxyTestCase {
    private func limits(_ rows: String) -> String { "\"limits\": {\(rows)}" }

    func testHeads() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try openProxy(upstream, limits("\"head_bytes\": 1024, \"fields\": 4, \"target_bytes\": 64"))
        func request(_ target: String, _ fields: String) -> String {
            "GET \(target) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n"
        }
        let fixed = request("/", "X: \r\n").utf8.count
        func padded(_ bytes: Int) -> String { request("/", "X: \(String(repeating: "x", count: bytes - fixed))\r\n") }
        let rows: [(String, Int, String)] = [
            (padded(1024), 200, ""), (padded(1025), 431, "request_header_fields_too_large"),
            (padded(5000), 431, "request_header_fields_too_large"),
            (request("/", "A: 1\r\nB: 1\r\nC: 1\r\n"), 200, ""),
            (request("/", "A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\n"), 431, "request_header_fields_too_large"),
            (request("/" + String(repeating: "x", count: 63), ""), 200, ""),
            (request("/" + String(repeating: "x", count: 64), ""), 414, "uri_too_long"),
            (request("/?" + String(repeating: "x", count: 63), ""), 414, "uri_too_long"),
        ]
        for (text, status, code) in rows {
            let answer = try proxy.answer(text)
            XCTAssertEqual(answer.status, status, text)
            if status != 200 {
                XCTAssertEqual(answer.code, code, text)
                XCTAssertEqual(answer.field("Connection"), "close", text)
            }
        }
        try assertQuiet(proxy)
        XCTAssertEqual(upstream.requests.count, rows.filter { $0.1 == 200 }.count)
    }

    func testTokens() throws {
        let upstream = try ScriptedUpstream()
        let signer = TestSigner()
        let claims = ClaimsText(now: Clock.unixTime().seconds - 5)
        let length = signer.token(claims.text).count
        for (limit, status) in [(length, 200), (length - 1, 401)] {
            let proxy = try ProxyFixture(
                upstream.url, routes: #"{"path": "/", "scopes": ["profile:read"]}"#,
                limits("\"token_bytes\": \(limit)"), signer: signer)
            let answer = try proxy.answer(RequestText.of("GET", "/", token: proxy.token(claims)))
            XCTAssertEqual(answer.status, status)
            if status == 401 { XCTAssertEqual(answer.code, "invalid_token") }
        }
    }

    func testBodiesWithALength() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try openProxy(upstream, limits("\"body_bytes\": 10"))
        XCTAssertEqual(try proxy.answer(RequestText.of("POST", "/", body: "0123456789")).status, 200)
        let requests = upstream.requests.count
        // Refused at the head: not a byte of the body has been sent, nor is it asked for.
        for fields in ["Content-Length: 11\r\n", "Content-Length: 11\r\nExpect: 100-continue\r\n"] {
            let client = try proxy.client()
            try client.send("POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
            let answer = try client.response(to: "POST")
            XCTAssertEqual(answer.status, 413)
            XCTAssertEqual(answer.code, "content_too_large")
            XCTAssertEqual(answer.interim, [])
            XCTAssertEqual(answer.field("Connection"), "close")
            try client.assertClosed()
        }
        try assertQuiet(proxy)
        XCTAssertEqual(upstream.requests.count, requests)
    }

    func testBodiesInChunks() throws {
        let upstream = try ScriptedUpstream { talk in
            guard let head = try talk.nextHead() else { return }
            if head.target != "/long" {
                _ = try talk.body(of: head)
                try talk.answer("200 OK", body: "ok", "Connection: close")
            }
            try talk.awaitEnd()
        }
        let proxy = try openProxy(upstream, limits("\"body_bytes\": 10"))
        func chunked(_ target: String, _ body: String) -> String {
            "POST \(target) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(body)"
        }
        // Framing and extensions do not count.
        let fits = "000005;x=yyyyyyyyyy\r\n01234\r\n5\r\n56789\r\n0\r\nX-Trailer: 1\r\n\r\n"
        XCTAssertEqual(try proxy.answer(chunked("/", fits)).status, 200)
        let client = try proxy.client()
        try client.send(chunked("/long", "5\r\n01234\r\n"))
        try upstream.awaitBytes(1)
        try client.send("6\r\n567890\r\n")
        let answer = try client.response(to: "POST")
        XCTAssertEqual(answer.status, 413)
        try client.assertClosed()
        client.close()
        _ = try upstream.end(1)
        let received = String(decoding: upstream.received[1], as: UTF8.self)
        XCTAssertTrue(received.contains("01234"))
        XCTAssertFalse(received.hasSuffix("0\r\n\r\n"), "the upstream must not take it for whole")
        try assertQuiet(proxy)
    }

    func testARouteHasItsOwnBound() throws {
        let upstream = try ScriptedUpstream()
        func route(_ path: String, _ limit: String) -> String {
            "{\"path\": \"\(path)\", \"public\": true, \"limits\": {\"body_bytes\": \(limit)}}"
        }
        let routes = [route("/small", "5"), route("/large", "20"), route("/any", "null"), route("/none", "0")]
        let proxy = try ProxyFixture(
            upstream.url, routes: routes.joined(separator: ",") + #", {"path": "/", "public": true}"#,
            limits("\"body_bytes\": 10"))
        let rows = [
            ("/", 10, 200), ("/", 11, 413), ("/small", 5, 200), ("/small", 6, 413), ("/large", 20, 200),
            ("/large", 21, 413), ("/any", 5000, 200), ("/none", 0, 200), ("/none", 1, 413),
        ]
        for (target, count, status) in rows {
            let body = String(repeating: "x", count: count)
            let answer = try proxy.answer(RequestText.of("POST", target, body: body))
            XCTAssertEqual(answer.status, status, "\(target) \(count)")
            let chunk = count == 0 ? "" : "\(String(count, radix: 16))\r\n\(body)\r\n"
            let chunked = try proxy.answer(
                "POST \(target) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(chunk)0\r\n\r\n")
            XCTAssertEqual(chunked.status, status, "\(target) \(count) chunked")
        }
        try assertQuiet(proxy)
    }

    // MARK: - Connections

    func testConnectionsBeyondTheBoundWait() throws {
        for workers in [1, 2] {
            let upstream = try ScriptedUpstream()
            let more = limits("\"connections\": 2") + ", \"timeouts\": {\"keep_alive_min_seconds\": 3600}"
            let proxy = try openProxy(upstream, more, workers: workers)
            var open: [RawClient] = []
            for _ in 0..<2 {
                let client = try proxy.client()
                try client.send(RequestText.of("GET", "/"))
                XCTAssertEqual(try client.response().status, 200)
                open.append(client)
            }
            // Whichever worker's queue they are in, each is served once another one ends.
            var waiting: [RawClient] = []
            for _ in 0..<6 {
                let client = try proxy.client()
                try client.send(RequestText.of("GET", "/", "Connection: close"))
                waiting.append(client)
            }
            for client in open {
                try client.send(RequestText.of("GET", "/"))
                XCTAssertEqual(try client.response().status, 200)
            }
            XCTAssertEqual(proxy.server.budget.connections, 2)
            XCTAssertEqual(upstream.requests.count, 4, "a connection beyond the bound was served")
            for client in open { client.close() }
            for client in waiting { XCTAssertEqual(try client.response().status, 200) }
            for client in waiting { client.close() }
            try assertQuiet(proxy)
        }
    }

    func testConnectionsOfOneAddress() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try openProxy(upstream, limits("\"connections_per_address\": 2"), workers: 2)
        func served() throws -> RawClient? {
            let client = try proxy.client()
            guard (try? client.connection.send(RequestText.of("GET", "/"))) != nil,
                try client.connection.read(through: "ok") != nil
            else { return nil }
            return client
        }
        let open = [try served(), try served()]
        XCTAssertFalse(open.contains { $0 == nil })
        for _ in 0..<3 {
            let client = try proxy.client()
            XCTAssertEqual(try client.readToEnd().text, "")
        }
        XCTAssertEqual(proxy.server.budget.refusedForAddress, 3)
        open[0]?.close()
        // The place comes free when the proxy has seen that.
        var again: RawClient?
        for _ in 0..<10_000 where again == nil { again = try? served() }
        XCTAssertNotNil(again)
        for client in open + [again] { client?.close() }
        try assertQuiet(proxy)
    }
}
