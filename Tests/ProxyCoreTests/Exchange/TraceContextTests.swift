import ProxyCore
import XCTest

/// `traceparent` and `tracestate` on their way to the upstream, and what the log says of them.
final class TraceContextTests: ProxyTestCase {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let parent = "00f067aa0ba902b7"
    private static let good = "00-\(trace)-\(parent)-01"

    /// The fields of the only `traceparent` that the upstream saw: version, trace, parent, flags.
    private func forwardedTrace(_ request: RawRequest, line: UInt = #line) throws -> [String] {
        let values = request.fields("traceparent")
        XCTAssertEqual(values.count, 1, request.head, line: line)
        let parts = try XCTUnwrap(values.first).split(separator: "-").map(String.init)
        XCTAssertEqual(parts.map(\.count), [2, 32, 16, 2], line: line)
        XCTAssertNotEqual(parts[1], String(repeating: "0", count: 32), line: line)
        XCTAssertNotEqual(parts[2], String(repeating: "0", count: 16), line: line)
        return parts
    }

    func testATraceGoesOnOrBegins() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try openProxy(upstream)
        let client = try proxy.client()
        var spans: Set<String> = []
        var begun: Set<String> = []
        for (number, row) in TraceParentTests.table.enumerated() {
            try client.send(RequestText.of("GET", "/\(number)", "TraceParent: \(row.value)", "Tracestate: a=1"))
            XCTAssertEqual(try client.response().status, 200)
            let request = try upstream.request(number)
            let came = try forwardedTrace(request)
            let entry = try proxy.logged(path: "/\(number)")
            XCTAssertEqual(came[0], "00")
            XCTAssertEqual(entry["trace_id"], came[1])
            XCTAssertEqual(entry["span_id"], came[2])
            XCTAssertTrue(spans.insert(came[2]).inserted, "a step was named twice")
            if let read = row.read?.split(separator: "-").map(String.init) {
                XCTAssertEqual([came[1], came[3]], [read[1], read[3]], row.value)
                XCTAssertNotEqual(came[2], read[2], "the caller's step is not ours")
                XCTAssertEqual(entry["parent_id"], read[2])
                XCTAssertEqual(request.fields("tracestate"), ["a=1"])
            } else {
                XCTAssertEqual(came[3], "01", row.value)
                XCTAssertNil(entry["parent_id"])
                XCTAssertEqual(request.fields("tracestate"), [], row.value)
                XCTAssertTrue(begun.insert(came[1]).inserted, "a trace was begun twice")
                XCTAssertFalse(row.value.contains(came[1]))
            }
        }
        proxy.stop()
    }

    func testFieldsThatAreMissingDoubledOrNamedByConnection() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try openProxy(upstream)
        let state = "tracestate: a=1"
        let rows: [(fields: [String], goesOn: Bool, states: [String])] = [
            ([], false, []), ([state], false, []), (["traceparent: \(Self.good)"], true, []),
            (["traceparent: \(Self.good)", "traceparent: \(Self.good)", state], false, []),
            (["traceparent: \(Self.good)", "Traceparent:", state], false, []),
            (["traceparent: \t\(Self.good) ", "TRACESTATE: a=1,b=2", "tracestate:", "TraceState: c=3 "], true,
             ["a=1,b=2,c=3"]),
            (["traceparent: \(Self.good)", "tracestate:", "tracestate: "], true, []),
            // Not ours to judge.
            (["traceparent: \(Self.good)", "tracestate: no list at all"], true, ["no list at all"]),
            (["Connection: traceparent, tracestate", "traceparent: \(Self.good)", state], true, ["a=1"]),
            (["Connection: TraceParent"], false, []),
        ]
        for (number, row) in rows.enumerated() {
            let head = ["GET /\(number) HTTP/1.1", "Host: api.test"] + row.fields
            XCTAssertEqual(try proxy.answer(head.joined(separator: "\r\n") + "\r\n\r\n").status, 200)
            let request = try upstream.request(number)
            XCTAssertEqual(try forwardedTrace(request)[1] == Self.trace, row.goesOn, "\(row)")
            XCTAssertEqual(request.fields("tracestate"), row.states, "\(row)")
        }
        proxy.stop()
    }

    /// Refusals have a trace as well, and answers carry none of it.
    func testRefusedRequests() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try ProxyFixture(upstream.url, routes: #"{"path": "/x", "scopes": ["a"]}"#)
        let response = try proxy.answer(RequestText.of("GET", "/x", "traceparent: \(Self.good)"))
        XCTAssertEqual(response.status, 401)
        XCTAssertFalse(response.head.lowercased().contains("trace"))
        let entry = try proxy.logged(path: "/x")
        XCTAssertEqual(entry["trace_id"], Self.trace)
        XCTAssertEqual(entry["parent_id"], Self.parent)
        XCTAssertEqual(entry["span_id"]?.count, 16)
        proxy.stop()
    }
}
