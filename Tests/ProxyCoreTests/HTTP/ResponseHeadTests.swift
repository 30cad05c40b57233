import ProxyCore
import XCTest

final class ResponseHeadTests: XCTestCase {
    private let feeder = ResponseFeeder()

    func testStatusLines() {
        let rows: [(String, String)] = [
            ("HTTP/1.1 200 OK", "200 'OK' 1.1 untilClose close"),
            ("HTTP/1.0 200 OK", "200 'OK' 1.0 untilClose close"),
            ("HTTP/1.1 404 Not \tFound\u{e9}", "404 'Not \tFound\u{e9}' 1.1 untilClose close"),
            ("HTTP/1.1 200 ", "200 '' 1.1 untilClose close"),
            ("HTTP/1.1 200", "200 '' 1.1 untilClose close"),
            ("HTTP/1.1 599 x", "599 'x' 1.1 untilClose close"),
        ]
        for (line, summary) in rows { accept(line + "\r\n\r\n", summary, line) }
        let refused: [(String, HeadError)] = [
            ("HTTP/1.1 099 x", .malformedStatusLine), ("HTTP/1.1 600 x", .malformedStatusLine),
            ("HTTP/1.1 20 OK", .malformedStatusLine), ("HTTP/1.1 2000 OK", .malformedStatusLine),
            ("HTTP/1.1  200 OK", .malformedStatusLine), ("HTTP/1.1\t200 OK", .malformedStatusLine),
            ("HTTP/1.1 +20 OK", .malformedStatusLine), ("HTTP/1.1 200OK", .malformedStatusLine),
            ("http/1.1 200 OK", .malformedStatusLine), ("ICY 200 OK", .malformedStatusLine),
            ("HTTP/1.1", .malformedStatusLine), ("", .malformedStatusLine), ("HTTP/2.0 200 OK", .unsupportedVersion),
            ("HTTP/1.1 200 O\u{0}K", .controlCharacter), ("HTTP/1.1 200 OK\n", .bareLineFeed),
            ("HTTP/1.1 200 OK\rX", .bareCarriageReturn),
        ]
        for (line, error) in refused { refuse(line + "\r\n\r\n", error, line) }
    }

    func testFraming() {
        let rows: [(Method, Int, String, String, String)] = [
            (.get, 200, "Content-Length: 5", "length=5 keep", "length"),
            (.get, 200, "Transfer-Encoding: chunked", "chunked keep", "chunked"),
            (.get, 200, "X: y", "untilClose close", "neither"),
            (.get, 200, "Content-Length: 5\r\nConnection: close", "length=5 close", "to be closed"),
            (.head, 200, "Content-Length: 5", "none keep", "HEAD with the length of the GET"),
            (.head, 200, "Transfer-Encoding: chunked", "none keep", "HEAD with the coding of the GET"),
            (.head, 200, "X: y", "none keep", "HEAD"),
            (.get, 204, "X: y", "none keep", "204"),
            (.get, 204, "Content-Length: 0", "none keep", "204 with the length that it has"),
            (.get, 204, "Content-Length: 5", "none close", "204 that announces a body is not trusted further"),
            (.get, 204, "Transfer-Encoding: chunked", "none close", "204 that announces a body"),
            (.get, 304, "Content-Length: 5", "none keep", "304 with the length of the 200"),
            (.get, 304, "Transfer-Encoding: chunked", "none keep", "304"),
            (.get, 205, "Content-Length: 0", "length=0 keep", "205"),
            (.get, 100, "X: y", "none keep interim", "100"),
            (.get, 103, "Link: x", "none keep interim", "103"),
            (.get, 199, "Transfer-Encoding: chunked", "none close interim", "1xx that announces a body"),
            (.get, 101, "Upgrade: websocket\r\nConnection: upgrade", "none keep switching upgrade=websocket", "101"),
            (.connect, 200, "Content-Length: 3", "length=3 keep", "we never send CONNECT"),
        ]
        for (method, status, fields, summary, comment) in rows {
            feeder.requestMethod = method
            let text = "HTTP/1.1 \(status) x\r\n\(fields)\r\n\r\n"
            accept(text, "\(status) 'x' 1.1 \(summary)", comment)
        }
    }

    func testHTTP10() {
        accept("HTTP/1.0 200 x\r\nContent-Length: 5\r\n\r\n", "200 'x' 1.0 length=5 close", "closes by default")
        let asked = "HTTP/1.0 200 x\r\nContent-Length: 5\r\nConnection: Keep-Alive\r\n\r\n"
        accept(asked, "200 'x' 1.0 length=5 keep", "asked")
        accept("HTTP/1.0 200 x\r\nConnection: keep-alive\r\n\r\n", "200 'x' 1.0 untilClose close", "cannot persist")
        refuse("HTTP/1.0 200 x\r\nTransfer-Encoding: chunked\r\n\r\n", .transferEncodingInHTTP10, "RFC 9112 6.1")
    }

    func testRefused() {
        let rows: [(String, HeadError)] = [
            ("Content-Length: 5\r\nTransfer-Encoding: chunked", .contentLengthWithTransferEncoding),
            ("Content-Length: 5\r\nContent-Length: 5", .repeatedContentLength),
            ("Content-Length: 5, 5", .invalidContentLength), ("Content-Length: -1", .invalidContentLength),
            ("Transfer-Encoding: gzip, chunked", .unsupportedTransferCoding),
            ("Transfer-Encoding: gzip", .invalidTransferEncoding), ("Content_Length: 5", .disguisedFramingField),
            ("X : y", .spaceBeforeColon), ("X: y\r\n z", .lineFolding), ("X: y\n", .bareLineFeed),
            ("X: \u{0}", .controlCharacter), (": y", .emptyFieldName),
        ]
        for (fields, error) in rows {
            refuse("HTTP/1.1 200 OK\r\n\(fields)\r\n\r\n", error, fields)
            // Framing fields that cannot be understood are refused even where they would not count.
            refuse("HTTP/1.1 204 OK\r\n\(fields)\r\n\r\n", error, fields)
        }
        refuse("\r\nHTTP/1.1 200 OK\r\n\r\n", .malformedStatusLine, "empty line in front")
        let limits = HeadLimits(headBytes: 30, fields: 1)
        let crowded = Array("HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n".utf8)
        feeder.check(crowded, .refused(.tooManyFields), limits: limits, "fields", line: #line)
        let long = Array("HTTP/1.1 200 OK\r\nA: 12345678\r\n\r".utf8)
        feeder.check(long, .refused(.headTooLong), limits: limits, "bytes", line: #line)
    }

    private func accept(_ text: String, _ summary: String, _ comment: String, line: UInt = #line) {
        feeder.check(Array(text.utf8), .complete(text.utf8.count, summary: summary), comment, line: line)
    }

    private func refuse(_ text: String, _ error: HeadError, _ comment: String, line: UInt = #line) {
        feeder.check(Array(text.utf8), .refused(error), comment, line: line)
    }
}
