import ProxyCore
import XCTest

/// Responses that are not what they have to be: refused with 502 while that can be said, and broken off afterwards.
final class BrokenResponseTests: ProxyTestCase {
    func testInvalidHeadsBecome502() throws {
        let long = String(repeating: "x", count: 33_000)
        let many = String(repeating: "X: 1\r\n", count: 101)
        let heads = [
            "HTTP/2.0 200 OK\r\n\r\n", "ICY 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 600 No\r\n\r\n",
            "HTTP/1.1 200OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "\r\n\r\n", "<html>\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nhi", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nhi", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: 1\r\n folded\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
            "HTTP/1.1 200 OK\r\nX : 1\r\n\r\n", "HTTP/1.1 200 OK\r\n: 1\r\n\r\n", "HTTP/1.1 200 OK\r\nX: \0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n", "HTTP/1.1 200 OK\r\nX: \(long)\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\(many)\r\n",
        ]
        let upstream = try ScriptedUpstream { talk in
            guard let request = try talk.nextRequest(), let index = Int(request.target.dropFirst()) else { return }
            try talk.send(heads[index])
            try talk.awaitEnd()
        }
        let proxy = try openProxy(upstream)
        let client = try proxy.client()
        for index in heads.indices {
            try client.send(RequestText.of("GET", "/\(index)"))
            let answer = try client.response()
            XCTAssertEqual(answer.status, 502, heads[index])
            XCTAssertEqual(answer.code, "upstream_invalid_response", heads[index])
        }
        XCTAssertEqual(upstream.connections, heads.count)
        try assertQuiet(proxy)
    }

    func testAnEndBeforeTheHeadIsOver() throws {
        let upstream = try ScriptedUpstream { talk in
            guard let request = try talk.nextRequest() else { return }
            if request.target.contains("half") { try talk.send("HTTP/1.1 200 OK\r\nContent-Le") }
            if request.target.contains("reset") { talk.reset() }
        }
        let proxy = try openProxy(upstream)
        for target in ["/nothing", "/half", "/reset", "/half/reset"] {
            let answer = try proxy.answer(RequestText.of("GET", target))
            XCTAssertEqual(answer.status, 502, target)
            XCTAssertEqual(answer.code, target.contains("reset") ? "upstream_reset" : "upstream_closed", target)
        }
        try assertQuiet(proxy)
    }

    /// Whatever the framing on either side, the caller of a truncated response sees a broken transfer.
    func testTruncatedBodiesNeverLookWhole() throws {
        let truncated = [
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 9\r\nX-Mo",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloworld",
        ]
        for (index, text) in truncated.enumerated() {
            for resets in [false, true] {
                for version in ["1.0", "1.1"] {
                    try checkBroken(text, resets: resets, version: version, "\(index) \(resets) \(version)")
                }
            }
        }
        for version in ["1.0", "1.1"] {
            try checkBroken("HTTP/1.1 200 OK\r\n\r\nhello", resets: true, version: version, "until a reset \(version)")
        }
    }

    private func checkBroken(_ text: String, resets: Bool, version: String, _ name: String) throws {
        let upstream = try ScriptedUpstream { talk in
            _ = try talk.nextRequest()
            try talk.send(text)
            // What was sent has to be read before a reset may overtake it.
            if resets {
                try talk.pause(.milliseconds(1))
                talk.reset()
            }
        }
        let proxy = try openProxy(upstream)
        let client = try proxy.client()
        try client.send("GET / HTTP/\(version)\r\nHost: a\r\n\r\n")
        let (came, end) = try client.readToEnd()
        XCTAssertTrue(came.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(name): \(came)")
        XCTAssertFalse(came.hasSuffix("\r\n0\r\n\r\n"), name)
        XCTAssertEqual(end, .reset, name)
        let entry = try proxy.logged(path: "/")
        XCTAssertTrue(entry["reason"]?.hasPrefix("upstream_") ?? false, entry.text)
        try assertQuiet(proxy)
    }

    // MARK: - Responses that do not wait for the request

    func testAResponseMayStartWhileTheUploadGoesOn() throws {
        let upstream = try ScriptedUpstream { talk in
            guard let head = try talk.nextHead() else { return }
            try talk.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nearly\r\n")
            let body = try talk.body(of: head)
            try talk.send("\(String(body.data.count, radix: 16))\r\n")
            try talk.send(body.data)
            try talk.send("\r\n0\r\n\r\n")
            try talk.awaitEnd()
        }
        let proxy = try openProxy(upstream)
        let client = try proxy.client()
        try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc")
        XCTAssertEqual(try client.responseHead().field("Connection"), "close")
        XCTAssertEqual(String(decoding: try client.read(10), as: UTF8.self), "5\r\nearly\r\n")
        try client.send("def")
        let (rest, end) = try client.readToEnd()
        XCTAssertTrue(rest.hasSuffix("0\r\n\r\n"), rest)
        XCTAssertEqual(rest.filter { "abcdef".contains($0) }, "abcdef")
        XCTAssertEqual(end, .closed)
    }

    func testAnUpstreamThatRefusesAnUploadIsHeard() throws {
        for closes in [true, false] {
            let upstream = try ScriptedUpstream { talk in
                _ = try talk.nextHead()
                try talk.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig")
                if !closes { try talk.awaitEnd() }
            }
            let proxy = try openProxy(upstream)
            let client = try proxy.client()
            try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8000000\r\n\r\n")
            _ = try? client.connection.sendWhatFits([UInt8](repeating: 7, count: 7_000_000))
            let answer = try client.response(to: "POST")
            XCTAssertEqual(answer.status, 413)
            XCTAssertEqual(answer.text, "big")
            XCTAssertEqual(answer.field("Connection"), "close")
            client.close()
            try assertQuiet(proxy)
        }
    }
}
