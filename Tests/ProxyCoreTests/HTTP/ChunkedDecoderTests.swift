import ProxyCore
import XCTest

final class ChunkedDecoderTests: XCTestCase {
    private let feeder = BodyFeeder()

    func testWholeBodies() {
        let rows: [(String, String, [String], String)] = [
            ("0\r\n\r\n", "", [], "empty"),
            ("5\r\nhello\r\n0\r\n\r\n", "hello", [], "one chunk"),
            ("1\r\na\r\n2\r\nbc\r\n00\r\n\r\n", "abc", [], "two chunks"),
            ("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789", [], "both cases"),
            ("000000000000005\r\nhello\r\n000000000000000\r\n\r\n", "hello", [], "15 digits"),
            ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n", [], "line ends as data"),
            ("1;a=b;c=\"d\"\r\nx\r\n0;last\r\n\r\n", "x", [], "extensions are read over"),
            ("1 \t;a\r\nx\r\n0\r\n\r\n", "x", [], "white space before an extension: RFC 9112 7.1.1"),
            ("1;\tA\u{e9}\r\nx\r\n0\r\n\r\n", "x", [], "tab and obs-text in an extension"),
            ("0\r\nA: b\r\nC:\r\n\r\n", "", ["A=b", "C="], "trailers"),
            ("1\r\nx\r\n0\r\nGrpc-Status:  0 \r\n\r\n", "x", ["Grpc-Status=0"], "trailer"),
        ]
        for (text, body, trailers, comment) in rows {
            let count = text.utf8.count
            feeder.check(text, .complete(count, body: body, trailers: trailers), comment)
            feeder.check(text + "GET", .complete(count, body: body, trailers: trailers), "\(comment), and what follows")
        }
    }

    func testIncompleteBodies() {
        let rows: [(String, String)] = [
            ("", ""), ("5", ""), ("5\r", ""), ("5\r\n", ""), ("5\r\nhel", "hel"), ("5\r\nhello", "hello"),
            ("5\r\nhello\r", "hello"), ("1;a", ""), ("0\r\n", ""), ("0\r\n\r", ""), ("0\r\nA: b\r\n", ""),
            ("0\r\nA: b\r\n\r", ""),
        ]
        for (text, body) in rows { feeder.check(text, .incomplete(body: body), "incomplete") }
    }

    func testRefusedSizes() {
        let rows: [(String, BodyError, String)] = [
            ("\r\n", .invalidChunkSize, "no size"), ("x", .invalidChunkSize, "no digit"),
            ("g\r\n", .invalidChunkSize, "no digit"), ("0x5\r\n", .invalidChunkSize, "prefix"),
            ("+5\r\n", .invalidChunkSize, "sign"), ("-5\r\n", .invalidChunkSize, "sign"),
            (" 5\r\n", .invalidChunkSize, "space in front"), ("5 \r\n", .invalidChunkSize, "space behind"),
            ("5 5\r\n", .invalidChunkSize, "space inside"), ("5\n", .invalidChunkSize, "bare LF"),
            ("5\r5", .invalidChunkSize, "bare CR"), ("5\r\r\n", .invalidChunkSize, "CR CR LF"),
            ("5\u{0}\r\n", .invalidChunkSize, "NUL"), ("5_0\r\n", .invalidChunkSize, "underscore"),
            (";a\r\n", .invalidChunkSize, "extension without size"), ("5,5\r\n", .invalidChunkSize, "list"),
            ("0000000000000005\r\n", .chunkSizeTooLarge, "16 digits"),
            ("ffffffffffffffff\r\n", .chunkSizeTooLarge, "2^64 - 1"),
            ("10000000000000005\r\n", .chunkSizeTooLarge, "2^64 + 5"),
        ]
        for (text, error, comment) in rows { feeder.check(text, .refused(error), comment) }
    }

    func testRefusedExtensions() {
        let rows: [(String, BodyError, String)] = [
            ("1;a\nb\r\nx", .invalidChunkExtension, "bare LF"), ("1;\u{0}", .invalidChunkExtension, "NUL"),
            ("1;a\u{7f}", .invalidChunkExtension, "DEL"), ("1;a\rb", .invalidChunkSize, "bare CR"),
            ("1;a\r\r\n", .invalidChunkSize, "CR CR LF"), ("1;\"\n\"\r\n", .invalidChunkExtension, "bare LF in quotes"),
        ]
        for (text, error, comment) in rows { feeder.check(text, .refused(error), comment) }
        let longest = "1;" + String(repeating: "e", count: 255) + "\r\nx\r\n"
        feeder.check(longest, .incomplete(body: "x"), "256 bytes of extension")
        feeder.check("1;" + String(repeating: "e", count: 256), .refused(.chunkExtensionTooLong), "257 bytes")
        let padded = "1" + String(repeating: " ", count: 257)
        feeder.check(padded, .refused(.chunkExtensionTooLong), "white space counts")
        let body = Array(String(repeating: longest, count: 64).utf8)
        XCTAssertEqual(feeder.read(body, cuts: []), .incomplete(body: String(repeating: "x", count: 64)))
        XCTAssertEqual(feeder.read(body + Array("1;".utf8), cuts: []), .refused(.chunkExtensionTooLong), "16 KiB")
    }

    func testRefusedChunkEnds() {
        let rows: [(String, String)] = [
            ("1\r\nab\r\n", "more data than the size"), ("1\r\na\n", "bare LF"), ("1\r\na\rb", "bare CR"),
            ("3\r\nhi\r\n0\r\n\r\n", "less data than the size"),
        ]
        for (text, comment) in rows { feeder.check(text, .refused(.invalidChunkEnd), comment) }
    }

    func testRefusedTrailers() {
        let rows: [(String, HeadError, String)] = [
            ("A: b\n\r\n", .bareLineFeed, "bare LF"), ("\n", .bareLineFeed, "LF for the last line"),
            ("\rA", .bareCarriageReturn, "bare CR"), ("A: \u{0}\r\n", .controlCharacter, "NUL"),
            ("A : b\r\n", .spaceBeforeColon, "space before the colon"), ("A: b\r\n c\r\n", .lineFolding, "obs-fold"),
            (": b\r\n", .emptyFieldName, "no name"), ("A\r\n", .missingColon, "no colon"),
            ("Content_Length: 5\r\n", .disguisedFramingField, "underscore"),
            ("Content-Length: 5\r\n", .forbiddenTrailer, "framing"),
            ("transfer-encoding: chunked\r\n", .forbiddenTrailer, "framing"),
            ("Host: h\r\n", .forbiddenTrailer, "routing"), ("Authorization: x\r\n", .forbiddenTrailer, "credentials"),
            ("Connection: x\r\n", .forbiddenTrailer, "connection"), ("Cookie: x\r\n", .forbiddenTrailer, "credentials"),
            ("X-Forwarded-For: x\r\n", .forbiddenTrailer, "routing"),
            ("X_Forwarded_Anything: x\r\n", .forbiddenTrailer, "disguised"),
        ]
        for (text, error, comment) in rows {
            feeder.check("1\r\nx\r\n0\r\n" + text, .refused(.invalidTrailer(error)), comment)
        }
        let limits = HeadLimits(headBytes: 12, fields: 1)
        let fits = "0\r\nA: 23456\r\n\r\n"
        feeder.check(fits, .complete(fits.utf8.count, body: "", trailers: ["A=23456"]), "at the limit", limits: limits)
        feeder.check("0\r\nA: 234567\r\n\r", .refused(.invalidTrailer(.headTooLong)), "too long", limits: limits)
        feeder.check("0\r\nA:\r\nB:\r\n", .refused(.invalidTrailer(.tooManyFields)), "too many", limits: limits)
    }

    /// A relay that has less room than before shows less of the trailer section than before.
    func testTrailersInAShrinkingWindow() throws {
        let bytes = Array("0\r\nA: 123456789\r\nB: c\r\n\r\n".utf8)
        var decoder = ChunkedDecoder(limits: HeadLimits())
        XCTAssertEqual(try decoder.next(bytes.span.extracting(first: 24)), .needMore(consumed: 3))
        for count in [4, 0, 10, 21] {
            XCTAssertEqual(try decoder.next(bytes.span.extracting(3..<3 + count)), .needMore(consumed: 0), "\(count)")
        }
        let rest = bytes.count - 3
        let end = try decoder.next(bytes.span.extracting(3..<bytes.count))
        XCTAssertEqual(end, .end(consumed: rest, trailers: ByteRange(0, rest)))
    }

    /// Whatever chunks, extensions and trailers a payload is sent with, and however they are cut, it comes out again.
    func testRandomEncodingsAtRandomCuts() {
        let seed: UInt64 = 0xC4_0C4ED
        var random = SeededRandom(seed: seed)
        for round in 0..<300 {
            let payload = (0..<random.next(upTo: 400)).map { _ in UInt8(97 + random.next(upTo: 26)) }
            let trailers = (0..<random.next(upTo: 4)).map { "T\($0)=\(random.next(upTo: 1000))" }
            let encoded = encode(payload, trailers: trailers, &random)
            let cuts = (0..<random.next(upTo: 20)).map { _ in random.next(upTo: encoded.count + 1) }.sorted()
            let expected = BodyOutcome.complete(
                encoded.count, body: String(decoding: payload, as: UTF8.self), trailers: trailers)
            let rest = random.bytes(random.next(upTo: 8))
            XCTAssertEqual(feeder.read(encoded + rest, cuts: cuts), expected, "seed \(seed), round \(round)")
            let truncated = Array(encoded.dropLast(random.next(upTo: encoded.count) + 1))
            guard case .incomplete = feeder.read(truncated, cuts: cuts.filter { $0 <= truncated.count }) else {
                return XCTFail("a truncated body looks whole: seed \(seed), round \(round)")
            }
        }
    }

    private func encode(_ payload: [UInt8], trailers: [String], _ random: inout SeededRandom) -> [UInt8] {
        var output: [UInt8] = []
        var position = 0
        while position < payload.count {
            let count = min(payload.count - position, random.next(upTo: 60) + 1)
            output += size(count, &random) + payload[position..<position + count] + Array("\r\n".utf8)
            position += count
        }
        output += size(0, &random)
        for trailer in trailers { output += Array((trailer.replacing("=", with: ":") + "\r\n").utf8) }
        return output + Array("\r\n".utf8)
    }

    private func size(_ count: Int, _ random: inout SeededRandom) -> [UInt8] {
        let digits = String(count, radix: 16, uppercase: random.next(upTo: 2) == 0)
        let zeros = String(repeating: "0", count: random.next(upTo: 3))
        let extensions = ["", "", ";", ";a", " ;a=b", ";x=\"; \\\" 1\"", "\t; a"]
        return Array((zeros + digits + extensions[random.next(upTo: extensions.count)] + "\r\n").utf8)
    }
}
