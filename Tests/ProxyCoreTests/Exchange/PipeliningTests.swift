import ProxyCore
import XCTest

/// Several requests in one write: each is judged for itself and answered in its turn.
final class PipeliningTests: XCTestCase {
    private static let routes = """
        {"path": "/{path...}", "authenticated": true}, {"path": "/closed", "scopes": ["nobody"]}
        """

    private var upstream: ScriptedUpstream!
    private var proxy: ProxyFixture!

    override func setUpWithError() throws {
        upstream = try ScriptedUpstream { talk in
            while let request = try talk.nextRequest() {
                let body = request.method == "HEAD" ? "" : "\(request.target):\(request.text)"
                try talk.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            }
        }
        proxy = try ProxyFixture(upstream.url, routes: Self.routes)
    }

    override func tearDown() {
        proxy = nil
        upstream = nil
    }

    func testAnswersComeInOrderWhateverEachOfThemIs() throws {
        let token = proxy.token()
        let requests = [
            RequestText.of("GET", "/1", token: token), RequestText.of("POST", "/2", token: token, body: "two"),
            RequestText.of("GET", "/3"), RequestText.of("HEAD", "/4", token: token),
            RequestText.of("POST", "/5", token: token, "Transfer-Encoding: chunked") + "4\r\nfive\r\n0\r\n\r\n",
            RequestText.of("GET", "/closed", token: token), RequestText.of("HEAD", "/7"),
            RequestText.of("POST", "/8", body: "never read"), RequestText.of("POST", "/9", token: token, body: ""),
            RequestText.of("GET", "/10?" + String(repeating: "q", count: 5000), token: token, "X: 1"),
        ]
        let client = try proxy.client()
        try client.send(requests.joined())
        let expected: [(Int, String)] = [
            (200, "/1:"), (200, "/2:two"), (401, "missing_token"), (200, ""), (200, "/5:five"),
            (403, "insufficient_scope"), (401, ""), (401, "missing_token"), (200, "/9:"), (200, "/10?"),
        ]
        for (request, (status, text)) in zip(requests, expected) {
            let response = try client.response(to: String(request.prefix { $0 != " " }))
            XCTAssertEqual(response.status, status, request)
            XCTAssertTrue((response.code ?? response.text).hasPrefix(text), "\(request): \(response.text)")
            XCTAssertNil(response.field("Connection"), request)
        }
        client.endSending()
        try client.assertClosed()
        XCTAssertEqual(upstream.requests.map { $0.target.prefix(3) }, ["/1", "/2", "/4", "/5", "/9", "/10"])
    }

    func testManyRefusalsInOneWrite() throws {
        let client = try proxy.client()
        let count = 500
        try client.send((0..<count).map { RequestText.of("GET", "/\($0)") }.joined())
        for number in 0..<count {
            let response = try client.response()
            XCTAssertEqual(response.status, 401)
            XCTAssertEqual(try proxy.logged(path: "/\(number)")["request_id"], response.field("X-Request-Id"))
        }
        XCTAssertEqual(upstream.connections, 0)
    }

    func testARequestInABodyIsABody() throws {
        let token = proxy.token()
        let inner = RequestText.of("GET", "/smuggled", token: token)
        let rows = [
            RequestText.of("GET", "/1", token: token, body: inner),
            RequestText.of("POST", "/2", token: token, "Transfer-Encoding: chunked")
                + String(inner.utf8.count, radix: 16) + "\r\n" + inner + "\r\n0\r\n\r\n",
            RequestText.of("POST", "/3", body: inner),
        ]
        let client = try proxy.client()
        try client.send(rows.joined() + RequestText.of("GET", "/4", token: token))
        XCTAssertEqual(try (0..<4).map { _ in try client.response().status }, [200, 200, 401, 200])
        XCTAssertEqual(upstream.requests.map(\.target), ["/1", "/2", "/4"])
        XCTAssertEqual(upstream.requests.prefix(2).map(\.text), [inner, inner])
    }

    /// A refusal does not wait for the body, so what follows that cannot be told from it any more.
    func testWhatFollowsAnUnreadBodyIsNotARequest() throws {
        let token = proxy.token()
        let smuggled = RequestText.of("GET", "/smuggled", token: token)
        let refused = [
            RequestText.of("POST", "/x", "Content-Length: 1000"),
            RequestText.of("POST", "/x", "Content-Length: \(smuggled.utf8.count + 1)"),
            RequestText.of("POST", "/x", "Content-Length: 9223372036854775807"),
            RequestText.of("POST", "/x", "Transfer-Encoding: chunked"),
            RequestText.of("POST", "/x", "Transfer-Encoding: chunked") + "3\r\nabc\r\n0\r\n\r\n",
            RequestText.of("POST", "/closed", token: token, "Content-Length: 1000", "Expect: 100-continue"),
            RequestText.of("GET", "/x", "Connection: close"), RequestText.of("GET", "/x", "connection: x, CLOSE"),
        ]
        for request in refused {
            let client = try proxy.client()
            try client.send(RequestText.of("GET", "/before", token: token) + request + smuggled)
            XCTAssertEqual(try client.response().status, 200)
            let response = try client.response()
            XCTAssertTrue([401, 403].contains(response.status), request)
            XCTAssertEqual(response.field("Connection"), "close", request)
            try client.assertClosed()
        }
        XCTAssertEqual(Set(upstream.requests.map(\.target)), ["/before"])
        XCTAssertEqual(upstream.requests.count, refused.count)
    }

    func testABodyBehindARefusalMayComeLateAndNeverEnds() throws {
        let client = try proxy.client()
        try client.send(RequestText.of("POST", "/x", "Content-Length: 1000000"))
        XCTAssertEqual(try client.response().status, 401, "without waiting for the body")
        // What still comes is read and dropped: a reset could overtake the answer.
        try client.send([UInt8](repeating: 97, count: 500_000))
        client.endSending()
        try client.assertClosed()
        XCTAssertEqual(upstream.connections, 0)
    }

    func testTheConnectionIsKeptOrClosedAsTheCallerAsks() throws {
        let token = proxy.token()
        let authorization = "Authorization: Bearer \(token)\r\n"
        let rows: [(request: String, kept: Bool, field: String?)] = [
            ("GET /x HTTP/1.1\r\nHost: a\r\n\(authorization)\r\n", true, nil),
            ("GET /x HTTP/1.1\r\nHost: a\r\n\(authorization)Connection: close\r\n\r\n", false, "close"),
            ("GET /x HTTP/1.0\r\n\(authorization)\r\n", false, "close"),
            ("GET /x HTTP/1.0\r\n\(authorization)Connection: keep-alive\r\n\r\n", true, "keep-alive"),
            ("GET /x HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true, "keep-alive"),
            ("GET /x HTTP/1.0\r\n\r\n", false, "close"), ("GET /x HTTP/1.1\r\nHost: a\r\n\r\n", true, nil),
            ("\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n", true, nil),
        ]
        for row in rows {
            let client = try proxy.client()
            try client.send(row.request + RequestText.of("GET", "/next", token: token))
            let response = try client.response()
            XCTAssertEqual(response.field("Connection"), row.field, row.request)
            if row.kept { XCTAssertEqual(try client.response().text, "/next:", row.request) }
            client.endSending()
            try client.assertClosed()
        }
        XCTAssertEqual(upstream.requests.filter { $0.target == "/next" }.count, rows.filter(\.kept).count)
    }

    /// Any cut of the caller's bytes gives the same two requests, and nothing of them comes twice.
    func testAnExchangeSplitAtEveryByte() throws {
        let token = proxy.token()
        let exchange =
            RequestText.of("POST", "/first", token: token, "Transfer-Encoding: chunked", "Trailer: X-Sum")
            + "5;ext=1\r\nhello\r\n006\r\n world\r\n0\r\nX-Sum: 11\r\nX-Auth-Subject: me\r\n\r\n"
            + RequestText.of("GET", "/second", token: token)
        let bytes = Array(exchange.utf8)
        let pieces: [[[UInt8]]] = [[bytes], bytes.map { [$0] }, halves(bytes, 7), halves(bytes, 64)]
        for pieces in pieces {
            let client = try proxy.client()
            try client.send(pieces: pieces)
            XCTAssertEqual(try client.response().text, "/first:hello world")
            XCTAssertEqual(try client.response().text, "/second:")
        }
        XCTAssertEqual(upstream.requests.count, 2 * pieces.count)
        for request in upstream.requests {
            let isFirst = request.target == "/first"
            XCTAssertEqual(request.text, isFirst ? "hello world" : "")
            XCTAssertEqual(request.trailers, isFirst ? "X-Sum: 11\r\n" : "")
        }
    }

    private func halves(_ bytes: [UInt8], _ size: Int) -> [[UInt8]] {
        stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
    }
}
