import ProxyCore
import XCTest

/// Bodies go through as they come, and as fast as the slower side takes them.
final class StreamingTests: ProxyTestCase {
    private enum Framing: CaseIterable {
        case length
        case chunked
        case untilClose
    }

    /// Each event reaches the caller before the next one is sent.
    func testEventsArriveOneByOne() throws {
        for framing in Framing.allCases {
            let next = try WakeUp()
            let count = 20
            let events = (0..<count).map { "data: event \($0)\n\n" }
            let length = events.reduce(0) { $0 + $1.utf8.count }
            let upstream = try ScriptedUpstream { talk in
                _ = try talk.nextRequest()
                let field =
                    switch framing {
                    case .length: "Content-Length: \(length)\r\n"
                    case .chunked: "Transfer-Encoding: chunked\r\n"
                    case .untilClose: ""
                    }
                try talk.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\(field)\r\n")
                for event in events {
                    try Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(20)).awaitSignal(of: next)
                    let size = String(event.utf8.count, radix: 16)
                    try talk.send(framing == .chunked ? "\(size)\r\n\(event)\r\n" : event)
                }
                if framing == .chunked { try talk.send("0\r\n\r\n") }
            }
            let proxy = try openProxy(upstream)
            let client = try proxy.client()
            try client.send(RequestText.of("GET", "/"))
            XCTAssertEqual(try client.responseHead().field("Content-Type"), "text/event-stream")
            for event in events {
                next.signal()
                let size = String(event.utf8.count, radix: 16)
                let expected = framing == .length ? event : "\(size)\r\n\(event)\r\n"
                XCTAssertEqual(String(decoding: try client.read(expected.utf8.count), as: UTF8.self), expected)
            }
            if framing != .length { XCTAssertEqual(try client.read(5), Array("0\r\n\r\n".utf8)) }
            try assertQuiet(proxy)
        }
    }

    /// The same in the other direction.
    func testAnUploadArrivesPieceByPiece() throws {
        let came = Recorder<String>()
        let upstream = try ScriptedUpstream { talk in
            _ = try talk.nextHead()
            for _ in 0..<20 {
                came.record(String(decoding: try talk.connection.read(through: "\r\nx\r\n") ?? [], as: UTF8.self))
            }
            _ = try talk.connection.read(through: "0\r\n\r\n")
            try talk.answer()
            try talk.awaitEnd()
        }
        let proxy = try openProxy(upstream)
        let client = try proxy.client()
        try client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in 1...20 {
            try client.send("1\r\nx\r\n")
            try came.await { _ in came.values.count == number }
        }
        try client.send("0\r\n\r\n")
        XCTAssertEqual(try client.response(to: "POST").status, 200)
        XCTAssertEqual(Set(came.values), ["1\r\nx\r\n"])
    }

    /// Many callers wait at the same time, and each gets its answer when there is one.
    func testLongPolls() throws {
        let count = 50
        let news = try (0..<count).map { _ in try WakeUp() }
        let upstream = try ScriptedUpstream { talk in
            while let request = try talk.nextRequest() {
                guard let number = Int(request.target.dropFirst()) else { return }
                try Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(20)).awaitSignal(of: news[number])
                try talk.answer(body: "\(number)")
            }
        }
        let proxy = try openProxy(upstream)
        let clients = try (0..<count).map { number in
            let client = try proxy.client()
            try client.send(RequestText.of("GET", "/\(number)"))
            return client
        }
        for number in 0..<count { _ = try upstream.request(number) }
        for number in (0..<count).reversed() {
            news[number].signal()
            XCTAssertEqual(try clients[number].response().text, "\(number)")
        }
        for client in clients { client.close() }
        try assertQuiet(proxy)
    }

    // MARK: - Memory

    private static let bytes = 256 << 20
    /// What a relay may hold is a few buffers; the rest of this is room for what the test's own threads hold.
    private static let growthMax = 32 << 20

    func testALargeDownloadToASlowReaderTakesNoMemory() throws { try download(.caller) }

    func testALargeDownloadFromASlowUpstreamTakesNoMemory() throws { try download(.upstream) }

    func testALargeUploadToASlowUpstreamTakesNoMemory() throws { try upload(.upstream) }

    func testALargeUploadFromASlowCallerTakesNoMemory() throws { try upload(.caller) }

    private enum Side { case caller, upstream }

    private func download(_ slow: Side) throws {
        let upstream = try BulkUpstream { stream in
            try stream.skip(through: "\r\n\r\n")
            try stream.send("HTTP/1.1 200 OK\r\nContent-Length: \(Self.bytes)\r\n\r\n")
            try stream.send(bytes: Self.bytes, slowly: slow == .upstream)
            try stream.skip(through: "\r\n\r\n")
        }
        let proxy = try openProxy(upstream.url)
        let caller = try BulkStream(proxy.server.address)
        let before = try ResidentMemory.bytes()
        try caller.send(RequestText.of("GET", "/"))
        try caller.skip(through: "\r\n\r\n")
        try caller.discard(bytes: Self.bytes, slowly: slow == .caller)
        try assertGrowth(since: before, caller, upstream)
        caller.close()
        try assertQuiet(proxy)
    }

    private func upload(_ slow: Side) throws {
        let upstream = try BulkUpstream { stream in
            try stream.skip(through: "\r\n\r\n")
            try stream.discard(bytes: Self.bytes, slowly: slow == .upstream)
            try stream.send("HTTP/1.1 204 No Content\r\n\r\n")
            try stream.skip(through: "\r\n\r\n")
        }
        let proxy = try openProxy(upstream.url)
        let caller = try BulkStream(proxy.server.address)
        let before = try ResidentMemory.bytes()
        try caller.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(Self.bytes)\r\n\r\n")
        try caller.send(bytes: Self.bytes, slowly: slow == .caller)
        try caller.skip(through: "\r\n\r\n")
        try assertGrowth(since: before, caller, upstream)
        caller.close()
        try assertQuiet(proxy)
    }

    private func assertGrowth(
        since before: Int, _ caller: BulkStream, _ upstream: BulkUpstream, line: UInt = #line
    ) throws {
        let peak = max(caller.peak.values.max() ?? 0, upstream.peaks.max() ?? 0, try ResidentMemory.bytes())
        XCTAssertLessThan(peak - before, Self.growthMax, line: line)
        XCTAssertGreaterThan(caller.peak.values.count + upstream.peaks.count, 8, "memory was looked at", line: line)
    }
}
