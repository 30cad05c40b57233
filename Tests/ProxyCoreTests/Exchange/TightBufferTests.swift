import ProxyCore
import XCTest

/// Messages that fill the buffers to the last byte, and answers for which there is hardly room.
final class TightBufferTests: XCTestCase {
    private static let route = #"{"path": "/{path...}", "public": true}"#
    /// Each field grows by a space behind its colon.
    private static let trailers = "0\r\n" + String(repeating: "a:\r\n", count: 100) + "\r\n"
    /// Payloads with which the chunk and its trailers come to about what a buffer holds.
    private static let sizes = stride(from: 64_400, through: 65_200, by: 10)

    func testTrailersOfResponsesHaveRoom() throws {
        let upstream = try ScriptedUpstream { talk in
            while let request = try talk.nextRequest() {
                let size = Int(request.target.dropFirst()) ?? 0
                try talk.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + Self.body(size))
            }
        }
        let proxy = try ProxyFixture(upstream.url, routes: Self.route)
        let client = try proxy.client()
        for size in Self.sizes {
            try client.send(RequestText.of("GET", "/\(size)"))
            XCTAssertEqual(try client.response().body.count, size)
        }
    }

    func testTrailersOfRequestsHaveRoom() throws {
        let gate = try WakeUp()
        let upstream = try ScriptedUpstream { talk in
            while let request = try talk.nextRequest() {
                if request.target == "/first" {
                    try Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(10)).awaitSignal(of: gate)
                }
                try talk.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
        }
        let proxy = try ProxyFixture(upstream.url, routes: Self.route)
        let client = try proxy.client()
        for size in Self.sizes {
            // While the first request is under way, all of the second one gathers in the socket.
            try client.send(RequestText.of("GET", "/first"))
            try client.send(RequestText.of("POST", "/\(size)", "Transfer-Encoding: chunked") + Self.body(size))
            gate.signal()
            XCTAssertEqual(try client.response().status, 200)
            XCTAssertEqual(try client.response().status, 200, "\(size)")
        }
    }

    func testAnAnswerWithoutRoomBreaksTheConnection() throws {
        let interim = "HTTP/1.1 103 Early Hints\r\nLink: \(String(repeating: "x", count: 30_000))\r\n\r\n"
        let upstream = try ScriptedUpstream { talk in
            guard try talk.nextRequest()?.target == "/hints" else { return try talk.send(Self.empty) }
            for _ in 0..<100 { try talk.send(interim) }
            try talk.awaitEnd()
        }
        let proxy = try ProxyFixture(
            upstream.url, routes: Self.route, "\"timeouts\": {\"upstream_first_byte_seconds\": 0.3}")
        let client = try proxy.client()
        try client.send(RequestText.of("GET", "/hints"))
        // The caller reads nothing until the proxy has given up.
        XCTAssertEqual(try proxy.logged(path: "/hints")["reason"], "upstream_response_timeout")
        client.close()
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/other")).status, 200)
    }

    func testARouteWithVeryManyScopes() throws {
        let scopes = (0..<2000).map { "\"scope-with-a-rather-long-name-\($0)\"" }.joined(separator: ",")
        let upstream = try ScriptedUpstream()
        let proxy = try ProxyFixture(upstream.url, routes: "{\"path\": \"/x\", \"any_scope\": [\(scopes)]}")
        let response = try proxy.answer(RequestText.of("GET", "/x", token: proxy.token("other")))
        XCTAssertEqual(response.status, 403)
        XCTAssertEqual(response.fields("WWW-Authenticate"), ["Bearer realm=\"api\", error=\"insufficient_scope\""])
    }

    func testInterimResponsesAreCounted() throws {
        let upstream = try ScriptedUpstream { talk in
            _ = try talk.nextRequest()
            for _ in 0..<200 { try talk.send("HTTP/1.1 102 Processing\r\n\r\n") }
            try talk.awaitEnd()
        }
        let proxy = try ProxyFixture(upstream.url, routes: Self.route)
        let client = try proxy.client()
        try client.send(RequestText.of("GET", "/x"))
        for _ in 0..<100 { XCTAssertEqual(try client.responseHead().status, 102) }
        XCTAssertEqual(try client.response().status, 502)
    }

    func testNothingIsRepeatedOnceAnInterimResponseHasCome() throws {
        let upstream = try ScriptedUpstream { talk in
            guard try talk.nextRequest() != nil else { return }
            try talk.send(Self.empty)
            guard try talk.nextRequest() != nil else { return }
            try talk.send("HTTP/1.1 103 Early Hints\r\n\r\n")
        }
        let proxy = try ProxyFixture(upstream.url, routes: Self.route)
        let client = try proxy.client()
        try client.send(RequestText.of("GET", "/1"))
        XCTAssertEqual(try client.response().status, 200)
        try client.send(RequestText.of("GET", "/2"))
        XCTAssertEqual(try client.responseHead().status, 103)
        XCTAssertEqual(try client.response().status, 502)
        XCTAssertEqual(upstream.requests.count, 2)
    }

    func testEveryAnswerHasARequestID() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try ProxyFixture(
            upstream.url, routes: Self.route, "\"timeouts\": {\"request_head_seconds\": 0.05}")
        let client = try proxy.client()
        try client.send("GET /x HT")
        let response = try client.response()
        XCTAssertEqual(response.status, 408)
        XCTAssertEqual(response.fields("X-Request-Id").first?.utf8.count, 32)
    }

    private static let empty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

    private static func body(_ size: Int) -> String {
        String(size, radix: 16) + "\r\n" + String(repeating: "z", count: size) + "\r\n" + trailers
    }
}
