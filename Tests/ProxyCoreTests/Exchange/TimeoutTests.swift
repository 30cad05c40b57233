import ProxyCore
import XCTest

/// Each row of the table of timeouts, with a short one: what happens when it runs out.
final class TimeoutTests: ProxyTestCase {
    private func timeouts(_ rows: String) -> String { "\"timeouts\": {\(rows)}" }

    func testAHeadThatDoesNotCome() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try openProxy(upstream, timeouts("\"request_head_seconds\": 0.2"))
        let client = try proxy.client()
        try client.send(RequestText.of("GET", "/"))
        XCTAssertEqual(try client.response().status, 200)
        try client.send("GET / HTTP/1.1\r\nHost: a\r\n")
        let answer = try client.response()
        XCTAssertEqual(answer.status, 408)
        XCTAssertEqual(answer.code, "request_timeout")
        XCTAssertEqual(answer.field("Connection"), "close")
        XCTAssertEqual(answer.field("X-Request-Id")?.count, 32)
        XCTAssertEqual(answer.json("request_id")?.string, answer.field("X-Request-Id"))
        try client.assertClosed()
        client.close()
        try assertQuiet(proxy)
        XCTAssertEqual(upstream.requests.count, 1)
    }

    /// A byte now and then does not hold the place.
    func testAHeadByteByByte() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try openProxy(upstream, timeouts("\"request_head_seconds\": 0.2"))
        let client = try proxy.client()
        let head = Array("GET / HTTP/1.1\r\nX-Slow: ".utf8) + [UInt8](repeating: 0x61, count: 1000)
        for byte in head {
            guard (try? client.connection.sendWhatFits([byte])) != nil else { break }
            try client.connection.pause(.milliseconds(5))
            if proxy.log.entries.values.contains(where: { $0["reason"] == "request_timeout" }) { break }
        }
        XCTAssertEqual(try client.response().status, 408)
        XCTAssertEqual(upstream.connections, 0)
    }

    func testABodyThatDoesNotCome() throws {
        let upstream = try ScriptedUpstream { talk in
            guard let head = try talk.nextHead() else { return }
            if head.target == "/early" {
                try talk.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
            }
            try talk.awaitEnd()
        }
        let proxy = try openProxy(
            upstream, timeouts("\"request_body_idle_seconds\": 0.2, \"upstream_idle_seconds\": 0.2"))
        let client = try proxy.client()
        try client.send("POST /late HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        XCTAssertEqual(try client.response(to: "POST").code, "request_timeout")
        try client.assertClosed()
        client.close()
        _ = try upstream.end(0)
        XCTAssertTrue(String(decoding: upstream.received[0], as: UTF8.self).hasSuffix("\r\n\r\nabc"))
        // Once a response has begun, all that can be said is that it is broken.
        let early = try proxy.client()
        try early.send("POST /early HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        let (text, end) = try early.readToEnd()
        XCTAssertTrue(text.hasSuffix("1\r\nx\r\n"), text)
        XCTAssertEqual(end, .reset)
        _ = try upstream.end(1)
        try assertQuiet(proxy)
    }

    /// Pieces that come in time, one after the other, but add up to nothing.
    func testABodyThatTrickles() throws {
        let upstream = try ScriptedUpstream()
        let rows = "\"request_body_idle_seconds\": 0.3"
        let proxy = try openProxy(
            upstream, timeouts(rows) + ", \"limits\": {\"body_bytes_per_second\": 1000000}")
        let client = try proxy.client()
        try client.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n")
        for _ in 0..<2000 {
            guard (try? client.connection.sendWhatFits([0x61])) != nil else { break }
            try client.connection.pause(.milliseconds(5))
            if proxy.log.entries.values.contains(where: { $0["path"] == "/slow" }) { break }
        }
        XCTAssertEqual(try client.response(to: "POST").code, "request_timeout")
        try client.assertClosed()
        client.close()
        try assertQuiet(proxy)
        // Without that limit, or fast enough for it, such a body comes to its end.
        for rate in ["null", "20"] {
            let patient = try openProxy(upstream, timeouts(rows) + ", \"limits\": {\"body_bytes_per_second\": \(rate)}")
            let client = try patient.client()
            try client.send("POST /steady HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n")
            for _ in 0..<100 {
                try client.send([0x61])
                try client.connection.pause(.milliseconds(5))
            }
            XCTAssertEqual(try client.response(to: "POST").status, 200)
            client.close()
            try assertQuiet(patient)
        }
    }

    /// The time in which the application does not read is not the caller's.
    func testABodyThatTheApplicationHoldsUp() throws {
        let done = try WakeUp()
        let upstream = try ScriptedUpstream { talk in
            _ = try talk.nextHead()
            try Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(20)).awaitSignal(of: done)
            try talk.answer()
            try talk.awaitEnd()
        }
        let proxy = try openProxy(
            upstream, timeouts("\"request_body_idle_seconds\": 0.3, \"upstream_idle_seconds\": 20")
                + ", \"limits\": {\"body_bytes_per_second\": 1000000}")
        let client = try proxy.client()
        let body = [UInt8](repeating: 0x61, count: 16 << 20)
        try client.send("POST /held HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count + 1)\r\n\r\n")
        // Until nothing fits any more, neither here nor there.
        var sent = 0
        var refusals = 0
        while refusals < 100 {
            let count = try client.connection.sendWhatFits(Array(body[sent..<min(sent + 262_144, body.count)]))
            sent += count
            refusals = count == 0 ? refusals + 1 : 0
            try client.connection.pause(.milliseconds(5))
        }
        XCTAssertFalse(proxy.log.entries.values.contains { $0["path"] == "/held" }, "\(sent) bytes")
        done.signal()
        XCTAssertEqual(try client.response(to: "POST").status, 200)
        client.close()
        try assertQuiet(proxy)
    }

    func testAConnectionWithoutARequest() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try openProxy(upstream, timeouts("\"keep_alive_idle_seconds\": 0.2"))
        let (silent, client) = (try proxy.client(), try proxy.client())
        for _ in 0..<3 {
            try client.send(RequestText.of("GET", "/"))
            XCTAssertEqual(try client.response().status, 200)
        }
        try client.assertClosed()
        try silent.assertClosed()
        XCTAssertEqual(upstream.requests.count, 3)
    }

    func testAnUpstreamThatSaysNothing() throws {
        let upstream = try ScriptedUpstream { talk in
            if try talk.nextRequest()?.target == "/hint" { try talk.send("HTTP/1.1 103 Early Hints\r\n\r\n") }
            try talk.awaitEnd()
        }
        let proxy = try openProxy(upstream, timeouts("\"upstream_first_byte_seconds\": 0.2"))
        let client = try proxy.client()
        for (number, target) in ["/", "/hint", "/"].enumerated() {
            try client.send(RequestText.of("POST", target, body: "x"))
            let answer = try client.response(to: "POST")
            XCTAssertEqual(answer.status, 504)
            XCTAssertEqual(answer.code, "upstream_response_timeout")
            _ = try upstream.end(number)
        }
        try assertQuiet(proxy)
    }

    func testAResponseThatStops() throws {
        let starts = [
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "HTTP/1.1 200 OK\r\n\r\nhello",
        ]
        let upstream = try ScriptedUpstream { talk in
            guard let request = try talk.nextRequest(), let index = Int(request.target.dropFirst()) else { return }
            try talk.send(starts[index])
            try talk.awaitEnd()
        }
        let proxy = try openProxy(upstream, timeouts("\"upstream_idle_seconds\": 0.2"))
        for index in starts.indices {
            for version in ["1.1", "1.0"] {
                let client = try proxy.client()
                try client.send("GET /\(index) HTTP/\(version)\r\nHost: a\r\n\r\n")
                let (text, end) = try client.readToEnd()
                XCTAssertTrue(text.contains("hello"))
                XCTAssertFalse(text.hasSuffix("\r\n0\r\n\r\n"))
                XCTAssertEqual(end, .reset)
                XCTAssertEqual(try proxy.logged(path: "/\(index)")["reason"], "upstream_idle_timeout")
            }
        }
        for number in 0..<(starts.count * 2) { _ = try upstream.end(number) }
        try assertQuiet(proxy)
    }

    func testAnUpstreamThatStopsReading() throws {
        let done = try WakeUp()
        let upstream = try ScriptedUpstream { talk in
            _ = try talk.nextHead()
            try Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(20)).awaitSignal(of: done)
        }
        let proxy = try openProxy(upstream, timeouts("\"upstream_idle_seconds\": 0.2"))
        let client = try proxy.client()
        try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000000\r\n\r\n")
        let filler = [UInt8](repeating: 7, count: 1 << 20)
        while !proxy.log.entries.values.contains(where: { $0.event == "request" }) {
            _ = try? client.connection.sendWhatFits(filler)
            try client.connection.pause(.milliseconds(10))
        }
        XCTAssertEqual(try proxy.logged(path: "/")["reason"], "upstream_request_timeout")
        done.signal()
    }

    func testACallerThatStopsReading() throws {
        let piece = String(repeating: "x", count: 1 << 16)
        let upstream = try ScriptedUpstream { talk in
            _ = try talk.nextRequest()
            try talk.send("HTTP/1.1 200 OK\r\n\r\n")
            do { while true { try talk.send(piece) } } catch { try talk.awaitEnd() }
        }
        let proxy = try openProxy(upstream, timeouts("\"upstream_idle_seconds\": 0.3"))
        let client = try proxy.client()
        try client.send(RequestText.of("GET", "/"))
        XCTAssertEqual(try client.responseHead().status, 200)
        _ = try upstream.end()
        XCTAssertEqual(try client.readToEnd().end, .reset)
        XCTAssertEqual(try proxy.logged(path: "/")["reason"], "caller_too_slow")
        try assertQuiet(proxy)
    }

    func testARouteHasItsOwn() throws {
        let upstream = try ScriptedUpstream { talk in
            if try talk.nextRequest()?.target == "/idle" { try talk.send("HTTP/1.1 200 OK\r\n\r\nhello") }
            try talk.awaitEnd()
        }
        let proxy = try openProxy(
            upstream, route: #""timeouts": {"upstream_first_byte_seconds": 0.2, "upstream_idle_seconds": 0.2}"#)
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/")).code, "upstream_response_timeout")
        let client = try proxy.client()
        try client.send(RequestText.of("GET", "/idle"))
        XCTAssertEqual(try client.readToEnd().end, .reset)
    }

    /// What a route allows is not left over for what comes after it on the connection.
    func testALongWaitOfARouteDoesNotOutliveIt() throws {
        let upstream = try ScriptedUpstream { talk in
            while let request = try talk.nextRequest() {
                if request.target == "/stops" { try talk.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf") }
                if request.target == "/patient" { try talk.answer() }
            }
        }
        let proxy = try ProxyFixture(
            upstream.url,
            routes: #"{"path": "/patient", "public": true, "timeouts": {"upstream_idle_seconds": 3600}},"#
                + #"{"path": "/stops", "public": true}"#, timeouts("\"upstream_idle_seconds\": 0.2"))
        let client = try proxy.client()
        try client.send(RequestText.of("GET", "/patient"))
        XCTAssertEqual(try client.response().status, 200)
        try client.send(RequestText.of("GET", "/stops"))
        XCTAssertEqual(try client.readToEnd().end, .reset)
        try assertQuiet(proxy)
    }
}
