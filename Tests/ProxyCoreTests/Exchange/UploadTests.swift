import ProxyCore
import XCTest

/// Bodies on their way to the upstream, to the byte.
final class UploadTests: XCTestCase {
    private static let routes = #"{"path": "/{path...}", "authenticated": true}"#

    func testChunksAreFramedAnew() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try ProxyFixture(upstream.url, routes: Self.routes)
        let rows: [(sent: String, forwarded: String)] = [
            ("0\r\n\r\n", "0\r\n\r\n"), ("5\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n"),
            ("000a\r\n0123456789\r\n00\r\n\r\n", "a\r\n0123456789\r\n0\r\n\r\n"),
            ("A;name=\"v;\\\"\"\r\n0123456789\r\n0;x\r\n\r\n", "a\r\n0123456789\r\n0\r\n\r\n"),
            (
                "1 \t;x\r\na\r\n1\r\nb\r\n0\r\nX-A: 1\r\nX-A:2 \r\n\r\n",
                "1\r\na\r\n1\r\nb\r\n0\r\nX-A: 1\r\nX-A: 2\r\n\r\n"
            ),
            ("4\r\n0\r\n\r\r\n0\r\n\r\n", "4\r\n0\r\n\r\r\n0\r\n\r\n"),
        ]
        for row in rows {
            let head = RequestText.of("POST", "/x", token: proxy.token(), "transfer-encoding: Chunked")
            XCTAssertEqual(try proxy.answer(head + row.sent).status, 200, row.sent)
            let request = try XCTUnwrap(upstream.requests.last)
            XCTAssertEqual(request.fields("Transfer-Encoding"), ["chunked"])
            let body = request.bytes.dropFirst(request.head.utf8.count + 2)
            XCTAssertEqual(String(decoding: body, as: UTF8.self), row.forwarded, row.sent)
        }
    }

    func testALengthStaysALength() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try ProxyFixture(upstream.url, routes: Self.routes)
        for (sent, forwarded) in [("0", "0"), ("005", "5"), ("5", "5")] {
            let body = forwarded == "0" ? "" : "hello"
            let head = RequestText.of("PUT", "/x", token: proxy.token(), "Content-Length: \(sent)")
            XCTAssertEqual(try proxy.answer(head + body).status, 200)
            XCTAssertEqual(upstream.requests.last?.fields("Content-Length"), [forwarded])
            XCTAssertEqual(upstream.requests.last?.text, body)
        }
        // A request without a body gets no framing field at all.
        XCTAssertEqual(try proxy.answer(RequestText.of("DELETE", "/x", token: proxy.token())).status, 200)
        XCTAssertEqual(upstream.requests.last?.fields("Content-Length"), [])
    }

    func testLongBodiesComeWhole() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try ProxyFixture(upstream.url, routes: Self.routes)
        var random = SeededRandom(seed: 7)
        let body = random.bytes(1_500_000)
        let client = try proxy.client()
        try client.send(RequestText.of("POST", "/length", token: proxy.token(), "Content-Length: \(body.count)"))
        try client.send(body)
        XCTAssertEqual(try client.response().status, 200)
        try client.send(RequestText.of("POST", "/chunks", token: proxy.token(), "Transfer-Encoding: chunked"))
        var left = body[...]
        while !left.isEmpty {
            let chunk = left.prefix(1 + random.next(upTo: 200_000))
            left = left.dropFirst(chunk.count)
            try client.send(Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + Array("\r\n".utf8))
        }
        try client.send("0\r\n\r\n")
        XCTAssertEqual(try client.response().status, 200)
        XCTAssertEqual(upstream.requests.map(\.target), ["/length", "/chunks"])
        for request in upstream.requests { XCTAssertTrue(request.body == body, "\(request.target) came changed") }
    }

    // MARK: - Expect

    func testARefusalDoesNotAskForTheBody() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try ProxyFixture(upstream.url, routes: Self.routes, "\"limits\": {\"body_bytes\": 100}")
        let expired = proxy.token(proxy.claims.with("exp", "1000"))
        let rows: [(token: String?, length: Int, status: Int)] = [
            (nil, 10, 401), (expired, 10, 401), (proxy.token(), 101, 413),
        ]
        for row in rows {
            let client = try proxy.client()
            try client.send(
                RequestText.of(
                    "POST", "/x", token: row.token, "Content-Length: \(row.length)", "Expect: 100-continue"))
            let response = try client.response()
            XCTAssertEqual(response.interim, [], "no 100 before a refusal")
            XCTAssertEqual(response.status, row.status)
            XCTAssertEqual(response.field("Connection"), "close")
            client.endSending()
            try client.assertClosed()
        }
        XCTAssertEqual(upstream.connections, 0)
    }

    func testTheUpstreamDecidesWhetherThePermittedBodyIsWanted() throws {
        let upstream = try ScriptedUpstream { talk in
            while let head = try talk.nextHead() {
                XCTAssertEqual(head.fields("Expect"), ["100-Continue"])
                if head.target == "/unwanted" {
                    try talk.answer("403 Forbidden", body: "no")
                    try talk.awaitEnd()
                    return
                }
                try talk.send("HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\n")
                try talk.answer(body: String(decoding: talk.body(of: head).data, as: UTF8.self))
            }
        }
        let proxy = try ProxyFixture(upstream.url, routes: Self.routes)
        let client = try proxy.client()
        for _ in 0..<2 {
            try client.send(
                RequestText.of("POST", "/x", token: proxy.token(), "Content-Length: 5", "Expect: 100-Continue"))
            XCTAssertEqual(
                try client.responseHead().head, "HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n", "before any of the body")
            try client.send("hello")
            XCTAssertEqual(try client.response().text, "hello")
        }
        try client.send(
            RequestText.of("POST", "/unwanted", token: proxy.token(), "Content-Length: 5", "Expect: 100-Continue"))
        let response = try client.response()
        XCTAssertEqual(response.interim, [])
        XCTAssertEqual(response.status, 403)
        // Whether the caller sends the body now cannot be known, so that neither connection can be used again.
        XCTAssertEqual(response.field("Connection"), "close")
        client.endSending()
        try client.assertClosed()
        XCTAssertEqual(try upstream.end(), .closed)
        XCTAssertFalse(String(decoding: upstream.received[0], as: UTF8.self).hasSuffix("hello"))
    }

    func testAnHTTP10CallerExpectsNothing() throws {
        let upstream = try ScriptedUpstream { talk in
            while let request = try talk.nextRequest() {
                try talk.send("HTTP/1.1 100 Continue\r\n\r\n")
                try talk.answer(body: request.field("Expect") ?? "none")
            }
        }
        let proxy = try ProxyFixture(upstream.url, routes: Self.routes)
        let client = try proxy.client()
        try client.send(
            "POST /x HTTP/1.0\r\nAuthorization: Bearer \(proxy.token())\r\nExpect: 100-continue\r\n"
                + "Content-Length: 2\r\n\r\nhi")
        let response = try client.response()
        XCTAssertEqual(response.interim, [])
        XCTAssertEqual(response.text, "none")
    }
}
