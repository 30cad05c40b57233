import ProxyCore
import XCTest

/// Request bodies that come in pieces, grow on their way, or end badly.
final class RequestBodyTests: ProxyTestCase {
    /// A malformed body right behind its head is found while the connection to the upstream is still being made.
    func testABodyThatFailsBeforeThereIsAConnection() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try openProxy(upstream)
        for _ in 0..<20 {
            let answer = try proxy.answer("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
            XCTAssertEqual(answer.status, 400)
        }
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/")).status, 200)
        try assertQuiet(proxy)
        XCTAssertEqual(upstream.requests.count, 1)
    }

    /// Trailers grow by a space behind each colon, also where the buffer is nearly full.
    func testTrailersThatGrowWhereTheBufferIsFull() throws {
        let upstream = try ScriptedUpstream()
        let trailers = String(repeating: "a:\r\n", count: 100)
        let proxy = try openProxy(upstream)
        // From a trailer section that fits easily behind the body to one that has to wait for the next buffer.
        for size in stride(from: 64_300, through: 65_100, by: 13) {
            let client = try proxy.client()
            try client.send(
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(String(size, radix: 16))\r\n"
                    + String(repeating: "x", count: size) + "\r\n0\r\n\(trailers)\r\n")
            XCTAssertEqual(try client.response(to: "POST").status, 200)
        }
        try assertQuiet(proxy)
        XCTAssertTrue(upstream.requests.allSatisfy { $0.trailers == String(repeating: "a: \r\n", count: 100) })
    }

    func testABodyInSinglePieces() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try openProxy(upstream)
        let client = try proxy.client()
        let body = "5;x=1\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 1\r\nX-Auth-Subject: me\r\nx_auth.scopes: all\r\n\r\n"
        let text = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body
        try client.send(pieces: text.utf8.map { [$0] })
        XCTAssertEqual(try client.response(to: "POST").status, 200)
        try client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
        try client.send(pieces: "hello".utf8.map { [$0] })
        XCTAssertEqual(try client.response(to: "PUT").status, 200)
        try assertQuiet(proxy)
        XCTAssertEqual(upstream.requests.map { String(decoding: $0.body, as: UTF8.self) }, ["hello world", "hello"])
        XCTAssertEqual(upstream.requests.first?.trailers, "X-Sum: 1\r\n")
    }

    func testABodyThatEndsBadlyReachesNobodyAsWhole() throws {
        let upstream = try ScriptedUpstream { talk in
            guard try talk.nextHead() != nil else { return }
            try talk.awaitEnd()
        }
        let bodies = ["5\r\nhello\r\nzz\r\n", "5\r\nhello!\r\n", "5\r\nhello\r\n0\r\nContent-Length: 1\r\n\r\n"]
        let proxy = try openProxy(upstream)
        for (number, body) in bodies.enumerated() {
            let client = try proxy.client()
            try client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            try upstream.awaitBytes(number)
            try client.send(body)
            XCTAssertEqual(try client.response(to: "POST").status, 400, body)
            try client.assertClosed()
            client.close()
            _ = try upstream.end(number)
            XCTAssertFalse(String(decoding: upstream.received[number], as: UTF8.self).hasSuffix("0\r\n\r\n"))
        }
        try assertQuiet(proxy)
    }

    func testPipelinedRequestsWithBodiesAreAnsweredInOrder() throws {
        let upstream = try ScriptedUpstream { talk in
            while let request = try talk.nextRequest() { try talk.answer(body: request.target + request.text) }
        }
        let proxy = try openProxy(upstream)
        let client = try proxy.client()
        var text = ""
        for number in 0..<50 {
            switch number % 3 {
            case 0: text += RequestText.of("GET", "/\(number)")
            case 1: text += RequestText.of("POST", "/\(number)", body: "=\(number)")
            default:
                text += "POST /\(number) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n==\r\n0\r\n\r\n"
            }
        }
        try client.send(text)
        client.endSending()
        for number in 0..<50 {
            let suffix = ["", "=\(number)", "=="][number % 3]
            XCTAssertEqual(try client.response().text, "/\(number)\(suffix)")
        }
        try client.assertClosed()
        XCTAssertEqual(upstream.connections, 1)
    }
}
