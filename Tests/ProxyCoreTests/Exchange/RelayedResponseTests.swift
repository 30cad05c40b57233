import ProxyCore
import XCTest

/// Responses as callers get them, for every framing on both sides.
final class RelayedResponseTests: ProxyTestCase {
    private struct Case {
        let name: String
        var method = "GET"
        var version = "1.1"
        let response: String
        /// The upstream closes behind the response.
        var closes = false
        let body: String
        var fields: [String: String] = [:]
        var without: [String] = []
        var keepsAlive = true
        var chunked = false
        var trailers = ""
    }

    private static let framed: [Case] = [
        Case(
            name: "length", response: "200 OK\r\nContent-Length: 5\r\n\r\nhello", body: "hello",
            fields: ["Content-Length": "5"], without: ["Transfer-Encoding", "Connection"]),
        Case(
            name: "length of nothing", response: "201 Created\r\nContent-Length: 0\r\n\r\n", body: "",
            fields: ["Content-Length": "0"]),
        Case(
            name: "length, closing upstream",
            response: "200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", closes: true, body: "hello",
            without: ["Connection"]),
        Case(
            name: "chunked, framed anew",
            response: "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n004;x=y\r\nwiki\r\n5 ;z\r\npedia\r\n0\r\n\r\n",
            body: "wikipedia", without: ["Content-Length"], chunked: true),
        Case(
            name: "trailers",
            response: "200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                + "2\r\nhi\r\n0\r\nX-Sum:9\r\nX-Empty:\r\n\r\n",
            body: "hi", chunked: true, trailers: "X-Sum: 9\r\nX-Empty: \r\n"),
        Case(
            name: "until the end, as chunks", response: "200 OK\r\n\r\nall of it", closes: true, body: "all of it",
            fields: ["Transfer-Encoding": "chunked"], chunked: true),
        Case(
            name: "an empty body until the end", response: "200 OK\r\n\r\n", closes: true, body: "", chunked: true),
        Case(
            name: "until the end, for HTTP/1.0", version: "1.0", response: "200 OK\r\n\r\nall of it", closes: true,
            body: "all of it", fields: ["Connection": "close"], without: ["Transfer-Encoding"], keepsAlive: false),
        Case(
            name: "chunks for HTTP/1.0", version: "1.0",
            response: "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\n0\r\nX-Sum: 9\r\n\r\n", body: "wiki",
            fields: ["Connection": "close"], without: ["Transfer-Encoding"], keepsAlive: false),
        Case(
            name: "length for HTTP/1.0", version: "1.0", response: "200 OK\r\nContent-Length: 2\r\n\r\nhi",
            body: "hi", fields: ["Connection": "close", "Content-Length": "2"], keepsAlive: false),
    ]

    private static let bodiless: [Case] = [
        Case(
            name: "HEAD", method: "HEAD", response: "200 OK\r\nContent-Length: 5\r\n\r\n", body: "",
            fields: ["Content-Length": "5"]),
        Case(
            name: "HEAD of chunks", method: "HEAD", response: "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            body: "", without: ["Content-Length", "Transfer-Encoding"]),
        Case(name: "HEAD without a length", method: "HEAD", response: "200 OK\r\n\r\n", body: ""),
        Case(name: "204", response: "204 No Content\r\n\r\n", body: "", without: ["Content-Length"]),
        Case(
            name: "204 that states a length", response: "204 No Content\r\nContent-Length: 0\r\n\r\n", body: "",
            without: ["Content-Length"]),
        Case(
            name: "304", response: "304 Not Modified\r\nContent-Length: 7\r\nETag: \"a\"\r\n\r\n", body: "",
            fields: ["Content-Length": "7", "ETag": "\"a\""]),
        Case(name: "no reason phrase", response: "299\r\nContent-Length: 1\r\n\r\nx", body: "x"),
        Case(
            name: "hop-by-hop fields",
            response: "200 OK\r\nConnection: X-Hop, keep-alive, content-length\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n"
                + "Proxy-Authenticate: Basic\r\nUpgrade: h2c\r\nX-End: 2\r\nContent-Length: 2\r\n\r\nhi",
            body: "hi", fields: ["X-End": "2", "Content-Length": "2"],
            without: ["X-Hop", "Keep-Alive", "Connection", "Proxy-Authenticate", "Upgrade"]),
    ]

    func testEveryFraming() throws {
        for one in Self.framed + Self.bodiless { try check(one) }
    }

    func testAnUpstreamOfHTTP10() throws {
        var one = Case(name: "1.0", response: "200 OK\r\nContent-Length: 2\r\n\r\nhi", closes: true, body: "hi")
        try check(one, upstreamVersion: "1.0")
        one = Case(name: "1.0 to the end", response: "200 OK\r\n\r\nhello", closes: true, body: "hello", chunked: true)
        try check(one, upstreamVersion: "1.0")
    }

    /// Sends the request twice on one connection, where that can be: no byte of the first response is left over.
    private func check(_ one: Case, upstreamVersion: String = "1.1") throws {
        let response = "HTTP/\(upstreamVersion) \(one.response)"
        let closes = one.closes
        let upstream = try ScriptedUpstream { talk in
            while try talk.nextRequest() != nil {
                try talk.send(response)
                if closes { return }
            }
        }
        let proxy = try openProxy(upstream)
        let client = try proxy.client()
        for _ in 0..<(one.keepsAlive ? 2 : 1) {
            try client.send("\(one.method) /x HTTP/\(one.version)\r\nHost: a\r\n\r\n")
            let answer = try client.response(to: one.method)
            XCTAssertEqual(answer.startLine.split(separator: " ")[1], one.response.prefix(3), one.name)
            XCTAssertEqual(answer.text, one.body, one.name)
            XCTAssertEqual(answer.chunks.isEmpty, !(one.chunked && !one.body.isEmpty), one.name)
            XCTAssertEqual(answer.trailers, one.trailers, one.name)
            for (name, value) in one.fields { XCTAssertEqual(answer.fields(name), [value], "\(one.name): \(name)") }
            for name in one.without { XCTAssertEqual(answer.fields(name), [], "\(one.name): \(name)") }
        }
        if !one.keepsAlive { try client.assertClosed() }
        try assertQuiet(proxy)
        upstream.stop()
    }

    // MARK: - Interim responses

    private let interims =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 3\r\n\r\n"
        + "HTTP/1.1 103 Early Hints\r\nLink: </b>\r\nConnection: close\r\n\r\n"

    func testInterimResponsesAreRelayedInOrder() throws {
        let text = interims + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
        let upstream = try ScriptedUpstream { talk in while try talk.nextRequest() != nil { try talk.send(text) } }
        let proxy = try openProxy(upstream)
        let client = try proxy.client()
        for _ in 0..<2 {
            try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            let answer = try client.response()
            XCTAssertEqual(
                answer.interim,
                ["HTTP/1.1 100 Continue\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n",
                    "HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n"])
            XCTAssertEqual(answer.text, "hi")
        }
        let old = try proxy.client()
        try old.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n")
        let answer = try old.response()
        XCTAssertEqual(answer.interim, [])
        XCTAssertEqual(answer.text, "hi")
        try assertQuiet(proxy)
    }

    func testAnUpgradeThatNobodyAskedForIsRefused() throws {
        let upstream = try ScriptedUpstream { talk in
            _ = try talk.nextRequest()
            try talk.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nbytes")
            try talk.awaitEnd()
        }
        let proxy = try openProxy(upstream)
        let answer = try proxy.answer("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
        XCTAssertEqual(answer.status, 502)
        XCTAssertEqual(answer.code, "upstream_invalid_response")
        XCTAssertNoThrow(try upstream.end())
        XCTAssertNil(upstream.requests.first?.field("Upgrade"))
    }

    // MARK: - Bytes that nobody asked for

    func testExcessBytesAreNeverTheNextResponse() throws {
        let upstream = try ScriptedUpstream { talk in
            while let request = try talk.nextRequest() {
                let stray = request.target == "/stray" ? "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil" : ""
                try talk.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood" + stray)
            }
        }
        let proxy = try openProxy(upstream)
        let client = try proxy.client()
        for (index, target) in ["/stray", "/next", "/stray", "/next", "/next"].enumerated() {
            try client.send(RequestText.of("GET", target))
            XCTAssertEqual(try client.response().text, "good", "\(index)")
        }
        XCTAssertEqual(upstream.connections, 3)
    }

    func testBytesOnARestingConnectionCloseIt() throws {
        let goOn = try WakeUp()
        let upstream = try ScriptedUpstream { talk in
            _ = try talk.nextRequest()
            try talk.answer()
            guard talk.number == 0 else { return try talk.answerEach() }
            try Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(20)).awaitSignal(of: goOn)
            try talk.answer(body: "evil")
            try talk.awaitEnd()
        }
        let proxy = try openProxy(upstream)
        let client = try proxy.client()
        try client.send(RequestText.of("GET", "/"))
        XCTAssertEqual(try client.response().text, "ok")
        goOn.signal()
        _ = try upstream.end()
        try client.send(RequestText.of("GET", "/"))
        XCTAssertEqual(try client.response().text, "ok")
        XCTAssertEqual(upstream.connections, 2)
    }
}
