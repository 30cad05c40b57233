import ProxyCore
import XCTest

final class RequestHeadTests: XCTestCase {
    private let feeder = RequestFeeder()

    /// Rows: what is sent, the summary of what is understood, why.
    func testAcceptedHeads() {
        let host = "Host: h\r\n"
        let rows: [(String, String, String)] = [
            ("GET / HTTP/1.1\r\n\(host)\r\n", "get / 1.1 host=h none keep", "the least"),
            ("GET / HTTP/1.0\r\n\r\n", "get / 1.0 host= none close", "HTTP/1.0 without Host"),
            ("\r\nGET / HTTP/1.1\r\n\(host)\r\n", "get / 1.1 host=h none keep", "one empty line before: RFC 9112 2.2"),
            ("GET /a/b?c=d?e HTTP/1.1\r\n\(host)\r\n", "get /a/b ? c=d?e 1.1 host=h none keep", "first ? counts"),
            ("GET /a? HTTP/1.1\r\n\(host)\r\n", "get /a ?  1.1 host=h none keep", "empty query"),
            ("GET //a HTTP/1.1\r\n\(host)\r\n", "get //a 1.1 host=h none keep", "slashes are path"),
            ("GET /{a}|\\^`\"<>%zz HTTP/1.1\r\n\(host)\r\n", "get /{a}|\\^`\"<>%zz 1.1 host=h none keep",
                "what real clients send raw is for the readings of the path to judge"),
            ("get / HTTP/1.1\r\n\(host)\r\n", "other:get / 1.1 host=h none keep", "methods are case-sensitive"),
            ("PROPFIND / HTTP/1.1\r\n\(host)\r\n", "other:PROPFIND / 1.1 host=h none keep", "other method"),
            ("M!#$%&'*+-.^_`|~1 / HTTP/1.1\r\n\(host)\r\n", "other:M!#$%&'*+-.^_`|~1 / 1.1 host=h none keep", "token"),
            ("DELETE / HTTP/1.1\r\nhOsT:h\r\n\r\n", "delete / 1.1 host=h none keep", "name in any case, no space"),
            ("PATCH / HTTP/1.1\r\nHost:\t h \t\r\n\r\n", "patch / 1.1 host=h none keep", "white space around"),
            ("PUT / HTTP/1.1\r\n\(host)X:\r\nY: \r\n\r\n", "put / 1.1 host=h none keep", "empty values"),
            ("GET / HTTP/1.1\r\n\(host)X: a\tb\u{e9}\r\n\r\n", "get / 1.1 host=h none keep", "tab and obs-text"),
            ("GET / HTTP/1.1\r\n\(host)\r\nrest", "get / 1.1 host=h none keep", "pipelined bytes are left"),
            ("OPTIONS / HTTP/1.1\r\n\(host)Authorization: Bearer x\r\n\r\n",
                "options / 1.1 host=h none keep authorization=Bearer x", "credentials noted"),
            ("GET / HTTP/1.1\r\n\(host)authorization: a\r\nAuthorization: b\r\n\r\n",
                "get / 1.1 host=h none keep authorization=several", "judged elsewhere"),
            ("GET / HTTP/1.1\r\n\(host)Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
                "get / 1.1 host=h none keep upgrade=websocket", "upgrade noted"),
        ]
        for (text, summary, comment) in rows { accept(text, summary, comment) }
    }

    func testFraming() {
        let rows: [(String, String, String)] = [
            ("Content-Length: 0\r\n", "length=0", "zero"),
            ("Content-Length: 5\r\n", "length=5", "five"),
            ("content-length:   0005  \r\n", "length=5", "zeros in front are digits too"),
            ("Content-Length: 9223372036854775807\r\n", "length=9223372036854775807", "the most"),
            ("Transfer-Encoding: chunked\r\n", "chunked", "chunked"),
            ("TRANSFER-ENCODING:\tChunked \r\n", "chunked", "in any case"),
        ]
        for (fields, framing, comment) in rows {
            accept("POST / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n", "post / 1.1 host=h \(framing) keep", comment)
        }
        accept("POST / HTTP/1.0\r\nContent-Length: 7\r\n\r\n", "post / 1.0 host= length=7 close", "HTTP/1.0 body")
    }

    func testRefusedFraming() {
        let rows: [(String, HeadError, String)] = [
            ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", .contentLengthWithTransferEncoding, "CL.TE"),
            ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", .contentLengthWithTransferEncoding, "TE.CL"),
            ("Transfer-Encoding: x\r\nContent-Length: x\r\n", .contentLengthWithTransferEncoding, "both, malformed"),
            ("Content-Length: 5\r\nContent-Length: 6\r\n", .repeatedContentLength, "unequal"),
            ("Content-Length: 5\r\ncontent-length: 5\r\n", .repeatedContentLength, "equal, but somebody added one"),
            ("Content-Length: 5,5\r\n", .invalidContentLength, "list"),
            ("Content-Length: 5, 5\r\n", .invalidContentLength, "list"),
            ("Content-Length:\r\n", .invalidContentLength, "empty: HAProxy 6492f1f29"),
            ("Content-Length: +5\r\n", .invalidContentLength, "sign"),
            ("Content-Length: -5\r\n", .invalidContentLength, "sign"),
            ("Content-Length: 0x5\r\n", .invalidContentLength, "hexadecimal"),
            ("Content-Length: 5 5\r\n", .invalidContentLength, "space inside"),
            ("Content-Length: 5.0\r\n", .invalidContentLength, "decimals"),
            ("Content-Length: 1_0\r\n", .invalidContentLength, "underscore"),
            ("Content-Length: 9223372036854775808\r\n", .invalidContentLength, "past a signed integer"),
            ("Content-Length: 18446744073709551621\r\n", .invalidContentLength, "2^64 + 5"),
            ("Content-Length: 00000000000000000005\r\n", .invalidContentLength, "more digits than a length has"),
            ("Content_Length: 5\r\n", .disguisedFramingField, "underscore"),
            ("CONTENT.LENGTH: 5\r\n", .disguisedFramingField, "dot"),
            ("Transfer_Encoding: chunked\r\n", .disguisedFramingField, "underscore"),
            ("transfer.encoding: chunked\r\n", .disguisedFramingField, "dot"),
            ("Transfer~Encoding: chunked\r\n", .disguisedFramingField, "any other separator"),
            ("Content-Length : 5\r\n", .spaceBeforeColon, "space before the colon"),
            ("Transfer-Encoding\t: chunked\r\n", .spaceBeforeColon, "tab before the colon"),
            ("Transfer-Encoding:\r\n", .invalidTransferEncoding, "empty"),
            ("Transfer-Encoding: identity\r\n", .invalidTransferEncoding, "identity"),
            ("Transfer-Encoding: xchunked\r\n", .invalidTransferEncoding, "almost"),
            ("Transfer-Encoding: chunked, identity\r\n", .invalidTransferEncoding, "not final"),
            ("Transfer-Encoding: chunked, chunked\r\n", .invalidTransferEncoding, "twice"),
            ("Transfer-Encoding: ,chunked\r\n", .invalidTransferEncoding, "empty element"),
            ("Transfer-Encoding: \"chunked\"\r\n", .invalidTransferEncoding, "quoted"),
            ("Transfer-Encoding: chunked;q=1\r\n", .invalidTransferEncoding, "parameter"),
            ("Transfer-Encoding: \u{b}chunked\r\n", .controlCharacter, "vertical tab"),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", .invalidTransferEncoding, "two fields"),
            ("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", .invalidTransferEncoding, "two fields"),
            ("Transfer-Encoding: gzip, chunked\r\n", .unsupportedTransferCoding, "well framed: 501"),
        ]
        for (fields, error, comment) in rows { refuse("POST / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n", error, comment) }
        refuse("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", .transferEncodingInHTTP10, "RFC 9112 6.1")
    }

    func testRefusedRequestLines() {
        let rows: [(String, HeadError, String)] = [
            ("\r\n\r\nGET / HTTP/1.1\r\n", .invalidMethod, "two empty lines"),
            ("\nGET / HTTP/1.1\r\n", .invalidMethod, "bare LF in front"),
            ("\rGET / HTTP/1.1\r\n", .bareCarriageReturn, "bare CR in front"),
            (" GET / HTTP/1.1\r\n", .invalidMethod, "space in front"),
            ("GET\t/ HTTP/1.1\r\n", .invalidMethod, "tab"),
            ("G\u{0}T / HTTP/1.1\r\n", .invalidMethod, "NUL"),
            ("G(T / HTTP/1.1\r\n", .invalidMethod, "no token"),
            ("\u{16}\u{3}\u{1}", .invalidMethod, "TLS on the plain port"),
            ("GET  / HTTP/1.1\r\n", .invalidTarget, "two spaces"),
            ("GET /\r\n", .invalidTarget, "HTTP/0.9"),
            ("GET /a\tb HTTP/1.1\r\n", .invalidTarget, "tab"),
            ("GET /a\u{0} HTTP/1.1\r\n", .invalidTarget, "NUL"),
            ("GET /a\u{7f} HTTP/1.1\r\n", .invalidTarget, "DEL"),
            ("GET /\u{e9} HTTP/1.1\r\n", .invalidTarget, "raw UTF-8"),
            ("GET /a#b HTTP/1.1\r\n", .invalidTarget, "fragment: CVE-2021-39156"),
            ("GET /a b HTTP/1.1\r\n", .malformedVersion, "space in the target"),
            ("GET / HTTP/1.1 \r\n", .malformedVersion, "space behind"),
            ("GET /  HTTP/1.1\r\n", .malformedVersion, "two spaces"),
            ("GET / http/1.1\r\n", .malformedVersion, "lower case"),
            ("GET / HTTP/1.10\r\n", .malformedVersion, "two digits"),
            ("GET / HTTP/11\r\n", .malformedVersion, "no dot"),
            ("GET / HTTP/a.b\r\n", .malformedVersion, "letters"),
            ("GET / \r\n", .malformedVersion, "none"),
            ("GET / HTTP/1.1\n", .bareLineFeed, "bare LF"),
            ("GET / HTTP/1.1\r\r\n", .bareCarriageReturn, "CR CR LF"),
            ("GET / HTTP/1.1\u{0}\r\n", .controlCharacter, "NUL"),
            ("GET / HTTP/1.2\r\n", .unsupportedVersion, "1.2"),
            ("GET / HTTP/0.9\r\n", .unsupportedVersion, "0.9"),
            ("GET / HTTP/3.0\r\n", .unsupportedVersion, "3.0"),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .unsupportedVersion, "HTTP/2 preface"),
        ]
        for (text, error, comment) in rows { refuse(text, error, comment) }
        refuse(String(repeating: "A", count: 65), .methodTooLong, "RFC 9112 section 3: 501")
    }

    func testRefusedFieldLines() {
        let rows: [(String, HeadError, String)] = [
            ("X: a\r\n b\r\n", .lineFolding, "obs-fold"),
            ("X: a\r\n\tb\r\n", .lineFolding, "obs-fold"),
            (" X: a\r\n", .lineFolding, "white space before the first field"),
            ("X : a\r\n", .spaceBeforeColon, "space before the colon"),
            (": a\r\n", .emptyFieldName, "no name: CVE-2023-25725"),
            ("X\r\n", .missingColon, "no colon"),
            ("X(: a\r\n", .invalidFieldName, "no token"),
            ("X\u{e9}: a\r\n", .invalidFieldName, "obs-text in a name"),
            ("X\u{0}: a\r\n", .controlCharacter, "NUL in a name"),
            ("X: a\u{0}b\r\n", .controlCharacter, "NUL in a value"),
            ("X: a\u{1b}[0m\r\n", .controlCharacter, "escape"),
            ("X: a\u{7f}\r\n", .controlCharacter, "DEL"),
            ("X: a\nY: b\r\n", .bareLineFeed, "bare LF"),
            ("X: a\rY: b\r\n", .bareCarriageReturn, "bare CR"),
            ("X: a\r\r\n", .bareCarriageReturn, "CR CR LF"),
            ("X: a\r\n\n", .bareLineFeed, "LF for the last line"),
        ]
        for (fields, error, comment) in rows { refuse("GET / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n", error, comment) }
        refuse("GET / HTTP/1.1\r\n Host: h\r\n\r\n", .lineFolding, "white space before the first field")
    }

    private func accept(_ text: String, _ summary: String, _ comment: String, line: UInt = #line) {
        let bytes = Array(text.utf8)
        let rest = text.hasSuffix("rest") ? 4 : 0
        feeder.check(bytes, .complete(bytes.count - rest, summary: summary), comment, line: line)
    }

    private func refuse(_ text: String, _ error: HeadError, _ comment: String, line: UInt = #line) {
        feeder.check(Array(text.utf8), .refused(error), comment, line: line)
    }
}
