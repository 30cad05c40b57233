import ProxyCore
import XCTest

/// What the line of a request says.
final class RequestLogTests: ProxyTestCase {
    private static let routes = """
        {"id": "users", "path": "/users/{id}", "scopes": ["profile:read"]},
        {"id": "open", "path": "/open", "public": true}
        """

    /// The members of a line in their order.
    private func names(_ entry: LogEntry) throws -> [String] {
        try JSONDocument(parsing: Array(entry.text.utf8)).root.members.compactMap(\.key.string)
    }

    func testAForwardedRequest() throws {
        let upstream = try ScriptedUpstream { talk in
            while try talk.nextRequest() != nil {
                let body = "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
                try talk.send("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
            }
        }
        let proxy = try ProxyFixture(upstream.url, routes: Self.routes)
        let client = try proxy.client()
        for body in ["hello", "twice"] {
            try client.send(RequestText.of("POST", "/users/7?secret=1", token: proxy.token(), body: body))
            XCTAssertEqual(try client.response().status, 201)
        }
        proxy.stop()
        let entries = proxy.log.entries.values.filter { $0.event == "request" }
        XCTAssertEqual(entries.count, 2)
        let texts = [
            "level": "info", "method": "POST", "path": "/users/7", "http_version": "1.1", "route": "users",
            "issuer": ClaimsText.issuer, "subject": "service-1", "client_id": "client-1",
        ]
        for (number, entry) in entries.enumerated() {
            for (name, text) in texts { XCTAssertEqual(entry[name], text, name) }
            XCTAssertTrue(entry["peer"]?.hasPrefix("127.0.0.1:") ?? false, entry.text)
            XCTAssertEqual(entry.number("status"), 201)
            XCTAssertEqual(entry.number("upstream_status"), 201)
            XCTAssertEqual(entry.number("request_bytes"), 5)
            XCTAssertEqual(entry.number("response_bytes"), 7)
            // The first one waits for a connection, the second one takes it over.
            let connect = number == 0 ? ["connect_ms"] : []
            XCTAssertEqual(
                try names(entry),
                [
                    "time", "level", "event", "request_id", "trace_id", "span_id", "peer", "method", "path",
                    "http_version", "route", "status", "upstream_status", "request_bytes", "response_bytes", "issuer",
                    "subject", "client_id", "duration_ms", "proxy_ms", "head_ms",
                ] + connect + ["body_ms", "upstream_ms", "response_ms"])
            XCTAssertFalse(entry.text.contains("secret"))
        }
        XCTAssertEqual(entries[0]["peer"], entries[1]["peer"])
    }

    /// The phases are parts of the whole, and the proxy's own share is what no wait explains.
    func testPhasesFitIntoTheWhole() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try ProxyFixture(upstream.url, routes: Self.routes)
        let client = try proxy.client()
        let request = RequestText.of("POST", "/users/7", token: proxy.token(), body: "hello")
        for cut in [1, 20, 60, request.utf8.count - 5, request.utf8.count - 3] {
            try client.send(pieces: [Array(request.utf8.prefix(cut)), Array(request.utf8.dropFirst(cut))])
            XCTAssertEqual(try client.response().status, 200)
        }
        proxy.stop()
        let entries = proxy.log.entries.values.filter { $0.event == "request" }
        XCTAssertEqual(entries.count, 5)
        for entry in entries {
            let whole = try XCTUnwrap(entry.number("duration_ms"))
            let parts = ["head_ms", "connect_ms", "upstream_ms", "response_ms", "proxy_ms", "body_ms"]
            for part in parts { XCTAssertLessThanOrEqual(entry.number(part) ?? 0, whole, "\(part) \(entry.text)") }
            XCTAssertGreaterThan(try XCTUnwrap(entry.number("proxy_ms")), 0)
            let waits = ["upstream_ms", "connect_ms"].reduce(0) { $0 + (entry.number($1) ?? 0) }
            XCTAssertLessThanOrEqual(waits, whole + 0.002, entry.text)
        }
    }

    func testRefusedAndFailedRequests() throws {
        let upstream = try ScriptedUpstream { talk in _ = try talk.nextRequest() }
        let proxy = try ProxyFixture(upstream.url, routes: Self.routes)
        let poor = proxy.token("other")
        let refused = try proxy.answer(RequestText.of("GET", "/users/1", token: poor))
        XCTAssertEqual(refused.status, 403)
        XCTAssertEqual(try proxy.answer(RequestText.of("HEAD", "/users/2")).status, 401)
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/open")).status, 502)
        XCTAssertEqual(try proxy.answer("GET /x HTTP/1.1\r\n\r\n").status, 400)
        proxy.stop()
        let entries = proxy.log.entries.values.filter { $0.event == "request" }
        XCTAssertEqual(entries.map { $0.number("status") }, [403, 401, 502, 400])
        XCTAssertEqual(entries[0]["missing_scopes"], "profile:read")
        XCTAssertEqual(entries[0]["subject"], "service-1")
        XCTAssertEqual(entries[0]["issuer"], ClaimsText.issuer)
        XCTAssertEqual(entries[0].number("response_bytes"), Double(refused.body.count))
        XCTAssertEqual(entries[1].number("response_bytes"), 0)
        XCTAssertNil(entries[1]["issuer"])
        XCTAssertNil(entries[1]["subject"])
        XCTAssertEqual(entries[2]["reason"], "upstream_closed")
        for entry in entries { XCTAssertNil(entry.number("upstream_status"), entry.text) }
        XCTAssertNil(entries[3]["path"])
        XCTAssertNil(entries[3]["trace_id"])
        XCTAssertTrue(entries[3]["peer"]?.hasPrefix("127.0.0.1:") ?? false)
    }

    /// A token may hold any text: it comes out as it is, in one line, and no longer than values are.
    func testClaimsOfAnyKind() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try ProxyFixture(upstream.url, routes: #"{"path": "/{id}", "authenticated": true}"#)
        let long = String(repeating: "x", count: 3000)
        let rows: [(claim: String, logged: String)] = [
            ("a \\\"b\\\\ c=d", "a \"b\\ c=d"), ("M\u{fc}ller", "M\u{c3}\u{bc}ller"),
            (long, long.prefix(LogLines.valueBytesMax) + "\u{2026}"),
        ]
        for (number, row) in rows.enumerated() {
            let claims = proxy.claims.with("sub", "\"\(row.claim)\"").with("client_id", "\"\(row.claim)\"")
            let request = RequestText.of("GET", "/\(number)", token: proxy.token(claims))
            XCTAssertEqual(try proxy.answer(request).status, 200)
            let entry = try proxy.logged(path: "/\(number)")
            XCTAssertEqual(entry["subject"], String(row.logged))
            XCTAssertEqual(entry["client_id"], String(row.logged))
        }
        // What no header can carry is no token of use here, so nobody is named.
        for (number, claim) in ["a\\nb", "a\\u0000", "\\u001b[31m"].enumerated() {
            let token = proxy.token(proxy.claims.with("sub", "\"\(claim)\""))
            XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/bad\(number)", token: token)).status, 401)
            let entry = try proxy.logged(path: "/bad\(number)")
            XCTAssertNil(entry["subject"])
            XCTAssertEqual(entry["reason"], "invalid_claims")
        }
        proxy.stop()
    }

    // MARK: - Sampling

    /// The lines of `count` requests that go well, and of two that do not.
    private func lines(sample: String, count: Int) throws -> [LogEntry] {
        let upstream = try ScriptedUpstream { talk in
            while let request = try talk.nextRequest() {
                let status = request.target == "/open" ? "200 OK" : "404 Not Found"
                try talk.send("HTTP/1.1 \(status)\r\nContent-Length: 0\r\n\r\n")
            }
        }
        let routes = Self.routes + #", {"path": "/watched", "scopes": ["a"], "mode": "observe"}"#
        let proxy = try ProxyFixture(upstream.url, routes: routes, "\"log\": {\"sample\": \(sample)}")
        let client = try proxy.client()
        for _ in 0..<count {
            try client.send(RequestText.of("GET", "/open"))
            XCTAssertEqual(try client.response().status, 200)
        }
        for (target, status) in [("/users/1", 401), ("/watched", 404)] {
            try client.send(RequestText.of("GET", target))
            XCTAssertEqual(try client.response().status, status)
        }
        proxy.stop()
        return proxy.log.entries.values.filter { $0.event == "request" }
    }

    func testAllNoneAndAShare() throws {
        for (sample, bounds) in [("1", 40...40), ("0", 0...0), ("1e-9", 0...0), ("0.999999999", 40...40)] {
            let entries = try lines(sample: sample, count: 40)
            let allowed = entries.filter { $0["path"] == "/open" }
            XCTAssertTrue(bounds.contains(allowed.count), "\(sample): \(allowed.count)")
            for entry in allowed { XCTAssertEqual(entry.number("sample"), sample == "1" ? nil : Double(sample)) }
            // What was refused, failed or only observed is always told, and stands for itself.
            XCTAssertEqual(entries.filter { $0["path"] != "/open" }.map { $0["path"] }, ["/users/1", "/watched"])
            XCTAssertTrue(entries.filter { $0["path"] != "/open" }.allSatisfy { $0.number("sample") == nil })
        }
    }

    /// 1000 coins fall outside these bounds once in 10^23 runs.
    func testAHalf() throws {
        let allowed = try lines(sample: "0.5", count: 1000).filter { $0["path"] == "/open" }
        XCTAssertTrue((340...660).contains(allowed.count), "\(allowed.count)")
        XCTAssertTrue(allowed.allSatisfy { $0.number("sample") == 0.5 })
    }
}
