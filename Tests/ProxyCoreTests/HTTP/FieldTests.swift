import ProxyCore
import XCTest

/// Names, values and the table that holds them.
final class FieldTests: XCTestCase {
    func testNamesAreRecognisedInAnyCase() {
        let names: [(FieldName, String)] = [
            (.accept, "Accept"), (.age, "Age"), (.authorization, "Authorization"), (.cacheControl, "Cache-Control"),
            (.connection, "Connection"), (.contentLength, "Content-Length"), (.contentType, "Content-Type"),
            (.cookie, "Cookie"), (.date, "Date"), (.expect, "Expect"), (.forwarded, "Forwarded"), (.host, "Host"),
            (.http2Settings, "HTTP2-Settings"), (.keepAlive, "Keep-Alive"), (.location, "Location"),
            (.override, "X-Original-URL"), (.proxy, "Proxy"),
            (.proxyAuthenticate, "Proxy-Authenticate"), (.proxyAuthorization, "Proxy-Authorization"),
            (.proxyConnection, "Proxy-Connection"), (.retryAfter, "Retry-After"), (.server, "Server"),
            (.setCookie, "Set-Cookie"), (.te, "TE"), (.traceparent, "traceparent"), (.tracestate, "tracestate"),
            (.trailer, "Trailer"), (.transferEncoding, "Transfer-Encoding"), (.upgrade, "Upgrade"), (.via, "Via"),
            (.wwwAuthenticate, "WWW-Authenticate"),
            (.xDisguised, "X_Request_Id"), (.xForwardedFor, "X-Forwarded-For"), (.xForwardedHost, "X-Forwarded-Host"),
            (.xForwardedOther, "X-Forwarded-Prefix"), (.xForwardedProto, "X-Forwarded-Proto"),
            (.xRealIP, "X-Real-IP"), (.xRequestID, "X-Request-Id"),
        ]
        XCTAssertEqual(Set(names.map(\.0)).union([.other]), Set(FieldName.allCases))
        for (id, name) in names {
            for spelling in [name, name.lowercased(), name.uppercased()] {
                XCTAssertEqual(FieldName(Array(spelling.utf8).span), id, spelling)
            }
            let neighbour: FieldName = name.hasPrefix("X-Forwarded-") ? .xForwardedOther : .other
            XCTAssertEqual(FieldName(Array((name + "~").utf8).span), neighbour, name)
            XCTAssertEqual(FieldName(Array((name.dropLast() + "~").utf8).span), neighbour, name)
        }
    }

    func testOtherNames() {
        for name in ["", "x", "Hos", "Hosts", "Content-Typo", "X-Forwarded", "X-Forwarded-", "Xx-Forwarded-For"] {
            XCTAssertEqual(FieldName(Array(name.utf8).span), .other, name)
        }
        XCTAssertEqual(FieldName(Array("X-Forwarded-X".utf8).span), .xForwardedOther)
        let disguised = [
            "X_Forwarded_For", "x.forwarded.proto", "X-Forwarded_Host", "X_Forwarded-X", "X_Real_IP", "x-real.ip",
            "X_REQUEST_ID", "x.request-id", "X_Original_URL", "x.original-uri", "X-Rewrite!URL", "x_http-method",
            "X-HTTP_Method-Override", "X^Method`Override", "X-Envoy-Original~Path", "X_SCRIPT_NAME",
        ]
        for name in disguised { XCTAssertEqual(FieldName(Array(name.utf8).span), .xDisguised, name) }
    }

    func testNamesOfOtherPathsAndMethods() {
        for name in [
            "X-Original-URL", "X-Original-URI", "X-Rewrite-URL", "X-Envoy-Original-Path", "X-HTTP-Method",
            "X-HTTP-Method-Override", "X-Method-Override", "X-Script-Name", "SCRIPT_NAME", "path_info", "Remote_User",
        ] {
            XCTAssertEqual(FieldName(Array(name.utf8).span), .override, name)
            XCTAssertEqual(FieldName(Array((name + "s").utf8).span), .other, name)
        }
        // No variables of CGI to anybody.
        for name in ["Script-Name", "Path-Info", "Remote-User", "SCRIPT.NAME", "SCRIPT_NAM"] {
            XCTAssertEqual(FieldName(Array(name.utf8).span), .other, name)
        }
        XCTAssertTrue(FieldName.override.isForbiddenInTrailers && FieldName.proxy.isForbiddenInTrailers)
    }

    func testNamesThatApplicationsConfuse() {
        let rows: [(String, String, same: Bool, begins: Bool)] = [
            ("X-Auth", "x_AUTH", true, true), ("X!Auth~", "x-auth-", true, true), ("X-Auth-S", "X.Auth#", false, true),
            ("X-Auth", "X-Auth-", false, false), ("XAuth", "X-Auth", false, false), ("X-1", "x|1", true, true),
            ("X-A", "X-B", false, false), ("", "", true, true), ("a", "", false, true), ("X0", "XP", false, false),
        ]
        for (name, other, same, begins) in rows {
            let name = Array(name.utf8)
            let other = Array(other.utf8)
            XCTAssertEqual(FieldNameFolding.same(name.span, other.span), same, "\(name) \(other)")
            XCTAssertEqual(FieldNameFolding.begins(name.span, with: other.span), begins, "\(name) \(other)")
        }
        for byte in UInt8.min...127 where ASCII.isTokenCharacter(byte) {
            let isKept = ASCII.isLetter(byte) || ASCII.isDigit(byte)
            XCTAssertEqual(FieldNameFolding.folded(byte), isKept ? ASCII.lowercased(byte) : ASCII.hyphen)
        }
    }

    func testHopByHopFieldsNeverComeAsTrailers() {
        for name in FieldName.allCases where name.isHopByHop { XCTAssertTrue(name.isForbiddenInTrailers, "\(name)") }
        XCTAssertFalse(FieldName.other.isForbiddenInTrailers)
        XCTAssertFalse(FieldName.contentLength.isHopByHop)
    }

    func testMethods() {
        for method in Method.allCases where method != .other {
            XCTAssertEqual(Method(method.name.bytes), method)
            let name = method.name.bytes.text
            for wrong in [name.lowercased(), name + "S", String(name.dropLast())] {
                XCTAssertEqual(Method(Array(wrong.utf8).span), .other, wrong)
            }
        }
        XCTAssertEqual(Method.allCases.filter(\.isIdempotent), [.get, .head, .put, .delete, .options, .trace])
    }

    func testDecimal() {
        let rows: [(String, UInt64?)] = [
            ("0", 0), ("42", 42), ("9223372036854775807", 9_223_372_036_854_775_807), ("0000000000000000001", 1),
            ("9223372036854775808", nil), ("9999999999999999999", nil), ("00000000000000000001", nil), ("", nil),
            ("1a", nil), ("-1", nil), (" 1", nil), ("1 ", nil),
        ]
        for (text, value) in rows { XCTAssertEqual(FieldValue.decimal(Array(text.utf8).span), value, text) }
    }

    func testListElements() {
        let rows: [(String, [String])] = [
            ("", []), (" \t", []), (",", []), ("a", ["a"]), ("a,b", ["a", "b"]), (" a ,\tb c\t", ["a", "b c"]),
            (",,a,,", ["a"]), ("a=\"b, c\", d", ["a=\"b, c\"", "d"]), ("\"a\\\", b\",c", ["\"a\\\", b\"", "c"]),
            ("\"open, a", ["\"open, a"]), ("\"\\", ["\"\\"]), ("a\\,b", ["a\\", "b"]),
        ]
        for (text, expected) in rows {
            let bytes = Array(("<" + text + ">").utf8)
            var elements = ListElements(of: ByteRange(1, bytes.count - 1))
            var found: [String] = []
            while let element = elements.next(in: bytes.span) { found.append(bytes.span.slice(element).text) }
            XCTAssertEqual(found, expected, text)
        }
    }

    func testArguments() {
        let rows: [(String, String?)] = [
            ("max-age=60", "60"), ("public, Max-Age=\"60\" , x", "60"), ("max-age", nil), ("max-age=", ""),
            ("max-age=\"", "\""), ("smax-age=60", nil), ("max-agex=60", nil), ("x=\"max-age=60\"", nil), ("", nil),
        ]
        for (text, expected) in rows {
            let bytes = Array(text.utf8)
            let range = FieldValue.argument(of: "max-age", in: ByteRange(0, bytes.count), of: bytes.span)
            XCTAssertEqual(range.map { bytes.span.slice($0).text }, expected, text)
        }
    }

    func testTokens() {
        for text in ["a", "a-b", "!#$%&'*+-.^_`|~09azAZ"] { XCTAssertTrue(FieldValue.isToken(Array(text.utf8).span)) }
        for text in ["", "a b", "a,", "\u{e9}", "a\u{0}"] { XCTAssertFalse(FieldValue.isToken(Array(text.utf8).span)) }
    }

    func testTableLooksUpByName() throws {
        let text = "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nConnection: x\r\nVia: v\r\nConnection: Y , z\r\n\r\n"
        let bytes = Array(text.utf8)
        var head = RequestHead()
        var progress = HeadProgress()
        _ = try head.parse(bytes.span, limits: HeadLimits(), progress: &progress)
        XCTAssertEqual(head.fields.count, 5)
        XCTAssertEqual(head.fields.count(of: .connection), 2)
        XCTAssertEqual(head.fields.firstIndex(of: .connection), 2)
        XCTAssertEqual(head.fields.occurrence(of: .connection), .several)
        XCTAssertEqual(head.fields.occurrence(of: .date), .none)
        XCTAssertNil(head.fields.firstIndex(of: .date))
        guard case .one(let via) = head.fields.occurrence(of: .via) else { return XCTFail("no Via") }
        XCTAssertEqual(bytes.span.slice(via).text, "v")
        for (token, isListed) in [("x", true), ("y", true), ("z", true), ("v", false)] as [(StaticString, Bool)] {
            XCTAssertEqual(head.fields.lists(token, in: .connection, of: bytes.span), isListed, "\(token)")
        }
    }

    func testDates() {
        let rows: [(Int64, String)] = [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"),
            (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"), (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ]
        for (seconds, text) in rows {
            let date = HTTPDate.format(UnixTime(seconds))
            XCTAssertEqual(date.span.text, text)
            let buffer = ByteBuffer(capacity: HTTPDate.byteCount)
            HTTPDate.append(UnixTime(seconds), to: buffer)
            let written = buffer.readable
            XCTAssertEqual(written.text, text)
        }
    }

    func testReasonPhrases() {
        let rows: [(Int, String)] = [
            (100, "Continue"), (200, "OK"), (304, "Not Modified"), (403, "Forbidden"), (413, "Content Too Large"),
            (431, "Request Header Fields Too Large"), (503, "Service Unavailable"), (299, ""), (999, ""), (0, ""),
        ]
        for (code, reason) in rows { XCTAssertEqual(StatusCode.reason(code).bytes.text, reason) }
    }
}
