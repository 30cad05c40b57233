import ProxyCore
import XCTest

/// Messages that could be cut in two ways are refused, and what stands behind them is never looked at.
final class RequestFramingTests: XCTestCase {
    private static let routes = #"{"path": "/{path...}", "authenticated": true}"#

    private var upstream: ScriptedUpstream!
    private var proxy: ProxyFixture!

    override func setUpWithError() throws {
        upstream = try ScriptedUpstream { talk in
            while let request = try talk.nextRequest() { try talk.answer(body: request.target) }
        }
        proxy = try ProxyFixture(upstream.url, routes: Self.routes, "\"limits\": {\"fields\": 20}")
    }

    override func tearDown() {
        proxy = nil
        upstream = nil
    }

    func testLengthsAndCodings() throws {
        let both = "content_length_with_transfer_encoding"
        let length = "invalid_content_length"
        let coding = "invalid_transfer_encoding"
        try check([
            ("Content-Length: 4\r\nTransfer-Encoding: chunked", 400, both),
            ("Transfer-Encoding: chunked\r\nContent-Length: 4", 400, both),
            ("Transfer-Encoding: identity\r\nContent-Length: 0", 400, both),
            ("Content-Length: 4\r\nContent-Length: 4", 400, "repeated_content_length"),
            ("Content-Length: 0\r\nContent-Length: 44", 400, "repeated_content_length"),
            ("Content-Length: 4, 4", 400, length), ("Content-Length: 4,0", 400, length),
            ("Content-Length: +4", 400, length), ("Content-Length: -1", 400, length), ("Content-Length:", 400, length),
            ("Content-Length: 0x4", 400, length), ("Content-Length: 4 4", 400, length),
            ("Content-Length: 4.0", 400, length),
            ("Content-Length: 99999999999999999999", 400, length), ("Content-Length: \u{0664}", 400, length),
            ("Content-Length: 9223372036854775808", 400, length),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400, coding),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", 400, coding),
            ("Transfer-Encoding: chunked, chunked", 400, coding), ("Transfer-Encoding: identity", 400, coding),
            ("Transfer-Encoding: gzip", 400, coding), ("Transfer-Encoding: chunked, gzip", 400, coding),
            ("Transfer-Encoding: xchunked", 400, coding), ("Transfer-Encoding: \"chunked\"", 400, coding),
            ("Transfer-Encoding: chunked;q=1", 400, coding), ("Transfer-Encoding:", 400, coding),
            ("Transfer-Encoding: gzip, chunked", 501, "unsupported_transfer_coding"),
            ("Transfer-Encoding: \u{b}chunked", 400, "control_character"),
            ("Transfer-Encoding : chunked", 400, "space_before_colon"),
            ("Content-Length\t: 4", 400, "space_before_colon"),
            ("Transfer-Encoding\u{0}: chunked", 400, "control_character"),
            ("Content_Length: 4", 400, "disguised_framing_field"),
            ("transfer_encoding: chunked", 400, "disguised_framing_field"),
            ("Transfer.Encoding: chunked", 400, "disguised_framing_field"),
        ])
    }

    func testLinesAndNames() throws {
        try check([
            ("X: a\r\n b", 400, "line_folding"), ("X: a\r\n\tTransfer-Encoding: chunked", 400, "line_folding"),
            ("X: a\nTransfer-Encoding: chunked", 400, "bare_line_feed"), ("X: a\n", 400, "bare_line_feed"),
            ("X: a\rTransfer-Encoding: chunked", 400, "bare_carriage_return"),
            ("X: \u{0}", 400, "control_character"), ("X: \u{1}", 400, "control_character"),
            ("X: \u{7f}", 400, "control_character"), (": x", 400, "empty_field_name"), (":", 400, "empty_field_name"),
            ("no colon", 400, "space_before_colon"), ("nocolon", 400, "missing_colon"),
            ("X\u{e9}: 1", 400, "invalid_field_name"), ("X(y): 1", 400, "invalid_field_name"),
            ("\"X\": 1", 400, "invalid_field_name"), ("Host: other.test", 400, "repeated_host"),
            ("host: api.test", 400, "repeated_host"),
            (Array(repeating: "X: 1", count: 30).joined(separator: "\r\n"), 431, "too_many_fields"),
            ("X: " + String(repeating: "a", count: 33_000), 431, "head_too_long"),
            ("Expect: 200-ok", 417, "unsupported_expectation"),
            ("Expect: 100-continue\r\nExpect: 100-continue", 417, "unsupported_expectation"),
        ])
    }

    func testStartLinesAndHosts() throws {
        let host = "Host: api.test\r\n"
        let long = String(repeating: "a", count: 8200)
        try checkHeads([
            ("GET /x HTTP/1.1\r\n", 400, "missing_host"), ("GET /x HTTP/1.1\r\nHost:\r\n", 400, "invalid_host"),
            ("GET /x HTTP/1.1\r\nHost: a b\r\n", 400, "invalid_host"),
            ("GET /x HTTP/1.1\r\nHost: a/b\r\n", 400, "invalid_host"),
            ("GET /x HTTP/1.1\r\nHost: a:99999\r\n", 400, "invalid_host"),
            ("GET /x HTTP/2.0\r\n\(host)", 505, "unsupported_version"),
            ("GET /x HTTP/1.2\r\n\(host)", 505, "unsupported_version"),
            ("GET /x HTTP/0.9\r\n\(host)", 505, "unsupported_version"),
            ("PRI * HTTP/2.0\r\n", 505, "unsupported_version"),
            ("GET /x http/1.1\r\n\(host)", 400, "malformed_version"),
            ("GET /x HTTP/1.1 \r\n\(host)", 400, "malformed_version"),
            ("GET /x HTTP/11\r\n\(host)", 400, "malformed_version"), ("GET /x\r\n\(host)", 400, "invalid_target"),
            ("GET  /x HTTP/1.1\r\n\(host)", 400, "invalid_target"),
            ("GET\t/x HTTP/1.1\r\n\(host)", 400, "invalid_method"),
            (" GET /x HTTP/1.1\r\n\(host)", 400, "invalid_method"),
            ("\r\n\r\nGET /x HTTP/1.1\r\n\(host)", 400, "invalid_method"),
            ("\nGET /x HTTP/1.1\r\n\(host)", 400, "invalid_method"),
            ("G@T /x HTTP/1.1\r\n\(host)", 400, "invalid_method"),
            ("GET /x HTTP/1.1\r\n X: folded\r\n\(host)", 400, "line_folding"),
            ("GET /x HTTP/1.1\n\(host)", 400, "bare_line_feed"),
            ("GET /x HTTP/1.1\r\r\n\(host)", 400, "bare_carriage_return"),
            ("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", 400, "invalid_method"),
            ("GET /\(long) HTTP/1.1\r\n\(host)", 414, "target_too_long"),
            ("\(long) /x HTTP/1.1\r\n\(host)", 501, "method_too_long"),
            ("CONNECT api.test:443 HTTP/1.1\r\n\(host)", 405, "connect_method"),
            ("TRACE /x HTTP/1.1\r\n\(host)", 501, "trace_method"),
            ("POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n", 400, "transfer_encoding_in_http_1_0"),
        ])
    }

    /// Bodies whose head was permitted: the upstream has seen that, and gets no end to it.
    func testBrokenChunksBreakTheUpstreamsRequest() throws {
        let bodies: [(String, String)] = [
            ("zz\r\n", "invalid_chunk_size"), ("5 x\r\n", "invalid_chunk_size"), ("-5\r\n", "invalid_chunk_size"),
            ("0x5\r\n", "invalid_chunk_size"), ("\r\n", "invalid_chunk_size"), ("5\nhello", "invalid_chunk_size"),
            ("5\rhello", "invalid_chunk_size"), (";x\r\n", "invalid_chunk_size"),
            ("5\r\nhelloX", "invalid_chunk_end"), ("5\r\nhello\n", "invalid_chunk_end"),
            ("5\r\nhello\r0", "invalid_chunk_end"), ("0000000000000000005\r\nhello\r\n", "chunk_size_too_large"),
            ("FFFFFFFFFFFFFFFFF\r\n", "chunk_size_too_large"), ("5;a\u{0}\r\n", "invalid_chunk_extension"),
            ("5;a\nb\r\n", "invalid_chunk_extension"),
            ("5;" + String(repeating: "a", count: 300) + "\r\n", "chunk_extension_too_long"),
            ("0\r\nX\r\n\r\n", "missing_colon"), ("0\r\nX: a\r\n b\r\n\r\n", "line_folding"),
            ("0\r\nContent-Length: 5\r\n\r\n", "forbidden_trailer"), ("0\r\nHost: x\r\n\r\n", "forbidden_trailer"),
            ("0\r\nAuthorization: Bearer x\r\n\r\n", "forbidden_trailer"),
            ("0\r\nX-Forwarded-For: x\r\n\r\n", "forbidden_trailer"),
            ("0\r\nTransfer_Encoding: x\r\n\r\n", "disguised_framing_field"),
        ]
        let token = proxy.token()
        for (index, (body, reason)) in bodies.enumerated() {
            let path = "/\(index)"
            let head = RequestText.of("POST", path, token: token, "Transfer-Encoding: chunked")
            let client = try proxy.client()
            try client.send(head + "4\r\ngood\r\n" + body + smuggled(token))
            let response = try client.response()
            XCTAssertEqual(response.status, 400, "\(body): \(response.head)")
            try client.assertClosed()
            XCTAssertEqual(try proxy.logged(path: path)["reason"], reason, body)
        }
        proxy.stop()
        try upstream.awaitQuiet()
        XCTAssertEqual(upstream.requests.count, 0, "none came to its end")
        let received = upstream.received.map { String(decoding: $0, as: UTF8.self) }
        for bytes in received {
            XCTAssertFalse(bytes.contains("smuggled"), bytes)
            XCTAssertFalse(bytes.contains("\r\n0\r\n"), bytes)
        }
    }

    func testMalformedHeadRequestsGetNoBody() throws {
        let rests = ["Host: a\r\nHost: b\r\n\r\n", "X : 1\r\n\r\n", "Host: a\r\nX: \u{1}", "Content_Length: 5\r\n"]
        for (emptyLine, rest) in ["", "\r\n"].flatMap({ line in rests.map { (line, $0) } }) {
            let client = try proxy.client()
            try client.send(emptyLine + "HEAD /x HTTP/1.1\r\n" + rest)
            let response = try client.response(to: "HEAD")
            XCTAssertEqual(response.status, 400, rest)
            XCTAssertGreaterThan(response.field("Content-Length").flatMap { Int($0) } ?? 0, 100)
            try client.assertClosed()
        }
    }

    // MARK: - Asking

    /// Field lines that spoil a good request.
    private func check(_ rows: [(fields: String, status: Int, reason: String)], line: UInt = #line) throws {
        let token = proxy.token()
        try checkHeads(
            rows.map { fields, status, reason in
                let start = "POST /x HTTP/1.1\r\nHost: api.test\r\nAuthorization: Bearer \(token)\r\n"
                return (start + fields + "\r\n", status, reason)
            }, line: line)
    }

    /// Each head is sent with its empty line, a body that a chunked reader and one with a length take differently, and
    /// a good request behind that.
    private func checkHeads(_ rows: [(head: String, status: Int, reason: String)], line: UInt = #line) throws {
        let token = proxy.token()
        for row in rows {
            let client = try proxy.client()
            try client.send(row.head + "\r\n0\r\n\r\n" + smuggled(token))
            let response = try client.response(line: line)
            XCTAssertEqual(response.status, row.status, row.head.debugDescription, line: line)
            XCTAssertEqual(response.field("Connection"), "close", line: line)
            XCTAssertNil(response.field("WWW-Authenticate"), line: line)
            let log = try proxy.logged(id: response.field("X-Request-Id"))
            XCTAssertEqual(log["reason"], row.reason, row.head.debugDescription, line: line)
            try client.assertClosed(line: line)
        }
        proxy.stop()
        try upstream.awaitQuiet()
        XCTAssertEqual(upstream.received.flatMap { $0 }, [], line: line)
    }

    private func smuggled(_ token: String) -> String { RequestText.of("GET", "/smuggled", token: token) }
}
