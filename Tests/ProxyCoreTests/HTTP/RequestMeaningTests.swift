import ProxyCore
import XCTest

/// What the lines of a request mean together: host, target form, persistence, expectations, limits.
final class RequestMeaningTests: XCTestCase {
    private let feeder = RequestFeeder()

    func testHost() {
        let valid = [
            "h", "h:80", "h:", "a-b.c_d~e", "127.0.0.1:8080", "[::1]", "[2001:db8::7]:443", "[::ffff:1.2.3.4]",
            "h:65535", "a!$&'()*+,;=b", "EXAMPLE.com",
        ]
        for host in valid {
            accept("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n", "get / 1.1 host=\(host) none keep", "valid")
        }
        let invalid = [
            "", ":80", "h:80x", "h:65536", "h:123456", "h:+8", "a b", "a/b", "a?b", "u@h", "a\\b", "a<b", "a%41", "[]",
            "[::1", "::1", "[::1]x", "[fe80::1%25eth0]", "[v1.x]", "h:80:80", "a,b/", "\u{e9}",
        ]
        for host in invalid { refuse("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n", .invalidHost, "host '\(host)'") }
        refuse("GET / HTTP/1.0\r\nHost: a b\r\n\r\n", .invalidHost, "HTTP/1.0 too")
        refuse("GET / HTTP/1.1\r\n\r\n", .missingHost, "RFC 9112 3.2")
        refuse("GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", .repeatedHost, "equal")
        refuse("GET / HTTP/1.0\r\nHost: h\r\nhost: i\r\n\r\n", .repeatedHost, "HTTP/1.0 too")
    }

    func testTargetForms() {
        let rows: [(String, String)] = [
            ("http://h/a?b", "absolute get /a ? b 1.1 host=h none keep"),
            ("HTTPS://H/", "absolute get / 1.1 host=h none keep"),
            ("http://h/a?http://x/", "absolute get /a ? http://x/ 1.1 host=h none keep"),
        ]
        for (target, summary) in rows { accept("GET \(target) HTTP/1.1\r\nHost: h\r\n\r\n", summary, target) }
        accept("GET http://x:1/ HTTP/1.0\r\n\r\n", "absolute get / 1.0 host=x:1 none close", "the only host named")
        let refused: [(String, HeadError)] = [
            ("*", .unsupportedTargetForm), ("h:80", .unsupportedTargetForm), ("a/b", .unsupportedTargetForm),
            ("ftp://h/", .unsupportedTargetForm), ("http:/h/", .unsupportedTargetForm), ("?a", .unsupportedTargetForm),
            ("http", .unsupportedTargetForm), ("https:/", .unsupportedTargetForm), ("\\a", .unsupportedTargetForm),
            ("http://h", .emptyPath), ("http://h?a/b", .emptyPath), ("http://", .emptyPath),
            ("http://i/", .hostMismatch), ("http://h:80/", .hostMismatch), ("http://u@h/", .hostMismatch),
            ("http:///a", .hostMismatch), ("http://h\\@i/", .hostMismatch), ("http://h./", .hostMismatch),
        ]
        for (target, error) in refused { refuse("GET \(target) HTTP/1.1\r\nHost: h\r\n\r\n", error, target) }
        refuse("GET http://u@h/ HTTP/1.0\r\n\r\n", .invalidHost, "user information")
        refuse("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", .unsupportedTargetForm, "asterisk-form")
    }

    func testRefusedMethods() {
        refuse("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", .connectMethod, "a reverse proxy opens no tunnels")
        refuse("CONNECT / HTTP/1.1\r\nHost: h\r\n\r\n", .connectMethod, "whatever the target")
        refuse("TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", .traceMethod, "would show the fields that we set")
    }

    func testPersistence() {
        let rows: [(String, String, String)] = [
            ("1.1", "", "keep"), ("1.1", "close", "close"), ("1.1", "keep-alive", "keep"),
            ("1.1", "foo, CLOSE ,bar", "close"), ("1.1", ",,close", "close"), ("1.1", "keep-alive, close", "close"),
            ("1.1", "closed", "keep"), ("1.1", "\"a, close, b\"", "keep"),
            ("1.0", "", "close"), ("1.0", "Keep-Alive", "keep"), ("1.0", "keep-alive, close", "close"),
            ("1.0", "upgrade", "close"),
        ]
        for (version, value, expected) in rows {
            let text = "GET / HTTP/\(version)\r\nHost: h\r\nConnection: \(value)\r\n\r\n"
            accept(text, "get / \(version) host=h none \(expected)", value)
        }
        let twice = "GET / HTTP/1.1\r\nHost: h\r\nConnection: x\r\nA: b\r\nConnection: close\r\n\r\n"
        accept(twice, "get / 1.1 host=h none close", "in the second field")
    }

    func testExpectations() {
        let post = "POST / HTTP/1.1\r\nHost: h\r\n"
        accept(post + "Expect: 100-Continue\r\n\r\n", "post / 1.1 host=h none keep continue", "case-insensitive")
        refuse(post + "Expect: 200-ok\r\n\r\n", .unsupportedExpectation, "unknown")
        refuse(post + "Expect:\r\n\r\n", .unsupportedExpectation, "empty")
        refuse(post + "Expect: 100-continue, x\r\n\r\n", .unsupportedExpectation, "and another")
        refuse(post + "Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n", .unsupportedExpectation, "twice")
        let old = "POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n"
        accept(old, "post / 1.0 host= none close", "ignored: RFC 9110 10.1.1")
    }

    func testLimits() {
        let head = "GET /12345678 HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n"
        let summary = "get /12345678 1.1 host=h none keep"
        let bytes = Array(head.utf8)
        let fits = HeadLimits(headBytes: bytes.count, fields: 2, targetBytes: 9)
        check(bytes, .complete(bytes.count, summary: summary), fits, "exactly at the limits")
        let short = HeadLimits(headBytes: bytes.count - 1, fields: 2, targetBytes: 9)
        check(bytes, .refused(.headTooLong), short, "a byte too long")
        let few = HeadLimits(headBytes: bytes.count, fields: 1, targetBytes: 9)
        check(bytes, .refused(.tooManyFields), few, "a field too many")
        let narrow = HeadLimits(headBytes: bytes.count, fields: 2, targetBytes: 8)
        check(bytes, .refused(.targetTooLong), narrow, "a byte of target too many")
        let start = Array("GET /12345678".utf8)
        check(start, .refused(.targetTooLong), narrow, "before the request line ends")
        let longField = Array("GET / HTTP/1.1\r\nX: \(String(repeating: "x", count: 50))".utf8)
        check(longField, .refused(.headTooLong), HeadLimits(headBytes: 60), "before the head ends")
    }

    func testDefaultLimits() {
        let target = "/" + String(repeating: "a", count: 8191)
        let fields = (0..<99).map { "F\($0): x\r\n" }.joined()
        let longest = "GET \(target) HTTP/1.1\r\nHost: h\r\n\(fields)\r\n"
        XCTAssertTrue(feeder.whole(Array(longest.utf8)).isComplete)
        XCTAssertEqual(feeder.whole(Array("GET \(target)a".utf8)), .refused(.targetTooLong))
        let crowded = "GET / HTTP/1.1\r\nHost: h\r\n\(fields)X: y\r\n\r\n"
        XCTAssertEqual(feeder.whole(Array(crowded.utf8)), .refused(.tooManyFields))
        let most = HeadLimits(headBytes: Limits.headBytesMax, fields: Limits.fieldsMax)
        let full = "GET / HTTP/1.1\r\nHost: h\r\n" + (0..<255).map { "F\($0): x\r\n" }.joined()
        XCTAssertTrue(feeder.whole(Array((full + "\r\n").utf8), limits: most).isComplete)
        XCTAssertEqual(feeder.whole(Array((full + "X: y\r\n\r\n").utf8), limits: most), .refused(.tooManyFields))
    }

    /// The table of one worker is shared by all its connections: a head that is resumed must not find it half full.
    func testResumedHeadAfterFullTable() {
        let most = HeadLimits(headBytes: Limits.headBytesMax, fields: Limits.fieldsMax)
        let full = Array(("GET / HTTP/1.1\r\nHost: h\r\n" + (0..<255).map { "F\($0): x\r\n" }.joined() + "\r\n").utf8)
        var first = HeadProgress()
        var second = HeadProgress()
        XCTAssertEqual(feeder.parse(full, prefix: 1000, limits: most, progress: &first), .incomplete)
        XCTAssertTrue(feeder.parse(full, prefix: full.count, limits: most, progress: &second).isComplete)
        XCTAssertTrue(feeder.parse(full, prefix: full.count, limits: most, progress: &first).isComplete)
    }

    func testStatuses() {
        for error in HeadError.allCases {
            XCTAssertTrue([400, 405, 414, 417, 431, 501, 505].contains(error.status), "\(error)")
            XCTAssertFalse(StatusCode.reason(error.status).bytes.isEmpty)
        }
        XCTAssertEqual(Set(HeadError.allCases.map { $0.reason.bytes.text }).count, HeadError.allCases.count)
    }

    private func check(
        _ bytes: [UInt8], _ expected: HeadOutcome, _ limits: HeadLimits, _ comment: String, line: UInt = #line
    ) {
        feeder.check(bytes, expected, limits: limits, comment, line: line)
    }

    private func accept(_ text: String, _ summary: String, _ comment: String, line: UInt = #line) {
        feeder.check(Array(text.utf8), .complete(text.utf8.count, summary: summary), comment, line: line)
    }

    private func refuse(_ text: String, _ error: HeadError, _ comment: String, line: UInt = #line) {
        feeder.check(Array(text.utf8), .refused(error), comment, line: line)
    }
}

extension HeadOutcome {
    var isComplete: Bool {
        if case .complete = self { true } else { false }
    }
}
