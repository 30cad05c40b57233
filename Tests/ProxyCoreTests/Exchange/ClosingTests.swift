import ProxyCore
import XCTest

/// Callers that leave, in an orderly way or not, at any point: what they asked for is answered if they can still read
/// it, and nothing is left over.
final class ClosingTests: ProxyTestCase {
    func testACallerThatHasSentAllIsStillAnswered() throws {
        let goOn = try WakeUp()
        let upstream = try ScriptedUpstream { talk in
            while let request = try talk.nextRequest() {
                if request.target == "/held" {
                    try Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(20)).awaitSignal(of: goOn)
                }
                try talk.answer(body: request.target + request.text)
            }
        }
        let proxy = try openProxy(upstream)
        let client = try proxy.client()
        try client.send(
            RequestText.of("GET", "/held") + RequestText.of("POST", "/2", body: "=") + RequestText.of("GET", "/3"))
        client.endSending()
        _ = try upstream.request(0)
        goOn.signal()
        for expected in ["/held", "/2=", "/3"] { XCTAssertEqual(try client.response().text, expected) }
        try client.assertClosed()
        try assertQuiet(proxy)
    }

    /// An end in the middle of a request: nothing to answer, and nobody is told that the request was whole.
    func testACallerThatEndsInsideARequest() throws {
        let upstream = try ScriptedUpstream { talk in
            guard try talk.nextHead() != nil else { return }
            try talk.awaitEnd()
        }
        let proxy = try openProxy(upstream)
        for text in ["", "G", "GET / HTTP/1.1\r\nHost: a\r\n", "\r\n"] {
            let client = try proxy.client()
            try client.send(text)
            client.endSending()
            try client.assertClosed()
        }
        XCTAssertEqual(upstream.connections, 0)
        let bodies = [
            "Content-Length: 5\r\n\r\n", "Content-Length: 5\r\n\r\nhell", "Transfer-Encoding: chunked\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
            "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: 1",
        ]
        for body in bodies {
            let client = try proxy.client()
            try client.send("POST / HTTP/1.1\r\nHost: a\r\n" + body)
            client.endSending()
            XCTAssertEqual(try client.readToEnd().text, "", body)
        }
        try assertQuiet(proxy)
        upstream.stop()
        XCTAssertFalse(upstream.received.contains { String(decoding: $0, as: UTF8.self).hasSuffix("0\r\n\r\n") })
    }

    /// What cannot be completed does not take the answer before it along: the connection ends in an orderly way.
    func testACallerThatEndsInsideItsSecondRequestKeepsItsFirstAnswer() throws {
        let upstream = try ScriptedUpstream { talk in
            while try talk.nextHead() != nil { try talk.answer(body: "first") }
        }
        let proxy = try openProxy(upstream)
        let client = try proxy.client()
        try client.send(RequestText.of("GET", "/1") + "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell")
        client.endSending()
        XCTAssertEqual(try client.response().text, "first")
        try client.assertClosed()
        try assertQuiet(proxy)
    }

    /// A reset is seen in every phase, and what was under way for that caller ends with it.
    func testACallerThatResets() throws {
        let upstream = try ScriptedUpstream { talk in
            guard let head = try talk.nextHead() else { return }
            if head.target == "/started" { try talk.send("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhello") }
            try talk.awaitEnd()
        }
        let proxy = try openProxy(upstream)
        let phases = [
            "GET /waiting HTTP/1.1\r\nHost: a\r\n\r\n", "GET /started HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhello",
            "POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            "POST /started HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            // With another request, or part of one, behind the one under way.
            RequestText.of("GET", "/waiting") + RequestText.of("GET", "/behind"),
            RequestText.of("GET", "/started") + "GET /part HT",
        ]
        for (number, text) in phases.enumerated() {
            let client = try proxy.client()
            try client.send(text)
            if text.contains("/started") {
                _ = try client.responseHead()
            } else {
                try upstream.awaitBytes(number)
            }
            client.reset()
            _ = try upstream.end(number)
        }
        for text in ["", "GET / HT", "BAD\n", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"] {
            let client = try proxy.client()
            try client.send(text)
            client.reset()
        }
        try assertQuiet(proxy)
    }

    /// A caller that ends its side may still read, until a reset says that it does not: no read tells of that, neither
    /// behind the end nor behind more requests than are read ahead.
    func testACallerThatResetsWhereNothingIsReadAnyMore() throws {
        let upstream = try ScriptedUpstream { talk in
            guard let head = try talk.nextHead() else { return }
            if head.target == "/started" { try talk.send("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhello") }
            try talk.awaitEnd()
        }
        let proxy = try openProxy(upstream)
        let behind = String(repeating: RequestText.of("GET", "/behind"), count: 4_000)
        let phases = [
            ("/waiting", "", true), ("/started", "", true), ("/waiting", "GET /", true), ("/waiting", behind, false),
        ]
        for (number, (path, more, endsFirst)) in phases.enumerated() {
            let client = try proxy.client()
            try client.send(RequestText.of("GET", path) + more)
            if path == "/started" { _ = try client.responseHead() } else { try upstream.awaitBytes(number) }
            if endsFirst { client.endSending() }
            client.reset()
            _ = try upstream.end(number)
        }
        try assertQuiet(proxy)
    }

    func testACallerThatResetsWhileItWaitsForAConnection() throws {
        let goOn = try WakeUp()
        let upstream = try ScriptedUpstream { talk in
            while let request = try talk.nextRequest() {
                if request.target == "/held" {
                    try Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(20)).awaitSignal(of: goOn)
                }
                try talk.answer()
            }
        }
        let proxy = try openProxy("{\"url\": \"\(upstream.url)\", \"max_connections\": 1}")
        let first = try proxy.client()
        try first.send(RequestText.of("GET", "/held"))
        _ = try upstream.request(0)
        for (number, behind) in ["", "G"].enumerated() {
            let client = try proxy.client()
            try client.send(RequestText.of("GET", "/\(number)") + behind)
            client.reset()
            XCTAssertEqual(try proxy.logged(path: "/\(number)").number("status"), 499)
        }
        goOn.signal()
        XCTAssertEqual(try first.response().status, 200)
        try assertQuiet(proxy)
        XCTAssertEqual(upstream.requests.map(\.target), ["/held"])
    }

    func testAfterConnectionCloseNothingIsRead() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try openProxy(upstream)
        let client = try proxy.client()
        try client.send(RequestText.of("GET", "/last", "Connection: close") + RequestText.of("GET", "/behind"))
        let answer = try client.response()
        XCTAssertEqual(answer.field("Connection"), "close")
        try client.assertClosed()
        client.close()
        try assertQuiet(proxy)
        XCTAssertEqual(upstream.requests.map(\.target), ["/last"])
    }

    /// An answer that does not wait for the body reaches a caller that sends all of it first.
    func testARefusalOutlivesTheRestOfTheRequest() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try ProxyFixture(upstream.url, routes: #"{"path": "/", "scopes": ["profile:read"]}"#)
        for _ in 0..<20 {
            let client = try proxy.client()
            let text = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n"
            try client.send(Array(text.utf8) + [UInt8](repeating: 7, count: 300_000))
            let answer = try client.response(to: "POST")
            XCTAssertEqual(answer.status, 401)
            try client.assertClosed()
        }
        XCTAssertEqual(upstream.connections, 0)
    }
}
