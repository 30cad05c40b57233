import ProxyCore
import XCTest

final class BodyReaderTests: XCTestCase {
    private let feeder = BodyFeeder()

    func testFramings() {
        let rows: [(BodyFraming, String, BodyOutcome)] = [
            (.none, "GET", .complete(0, body: "", trailers: [])),
            (.length(0), "GET", .complete(0, body: "", trailers: [])),
            (.length(3), "abcGET", .complete(3, body: "abc", trailers: [])),
            (.length(3), "abc", .complete(3, body: "abc", trailers: [])),
            (.length(3), "ab", .incomplete(body: "ab")),
            (.length(.max), "ab", .incomplete(body: "ab")),
            (.chunked, "1\r\na\r\n0\r\n\r\nGET", .complete(11, body: "a", trailers: [])),
            (.untilClose, "all of it", .incomplete(body: "all of it")),
        ]
        for (framing, text, expected) in rows { feeder.check(text, expected, "\(framing)", framing: framing) }
    }

    func testEndOfStream() throws {
        let cases: [(BodyFraming, String, Bool)] = [
            (.none, "", true), (.length(0), "", true), (.length(2), "ab", true), (.length(2), "a", false),
            (.untilClose, "", true), (.untilClose, "ab", true), (.chunked, "", false), (.chunked, "1\r\na\r\n", false),
            (.chunked, "0\r\n", false), (.chunked, "0\r\n\r\n", true),
        ]
        for (framing, text, isWhole) in cases {
            var reader = BodyReader(framing, limits: HeadLimits())
            try drain(&reader, Array(text.utf8))
            if isWhole {
                XCTAssertNoThrow(try reader.endOfStream(), "\(framing) \(text)")
                XCTAssertTrue(reader.hasEnded)
            } else {
                XCTAssertThrowsError(try reader.endOfStream(), "\(framing) \(text)") { error in
                    XCTAssertEqual(error as? BodyError, .truncated)
                }
            }
        }
    }

    func testEndIsKnownWithTheLastByteOfALength() throws {
        var reader = BodyReader(.length(2), limits: HeadLimits())
        let bytes: [UInt8] = [1, 2, 3]
        XCTAssertFalse(reader.hasEnded)
        XCTAssertEqual(try reader.next(bytes.span), .data(ByteRange(0, 2), consumed: 2))
        XCTAssertTrue(reader.hasEnded)
        XCTAssertEqual(try reader.next(bytes.span), .end(consumed: 0, trailers: nil))
    }

    func testErrorsHaveStatusAndReason() {
        let errors: [(BodyError, Int)] = [
            (.truncated, 400), (.invalidChunkSize, 400), (.invalidTrailer(.tooManyFields), 431),
            (.invalidTrailer(.bareLineFeed), 400), (.chunkExtensionTooLong, 400), (.chunkSizeTooLarge, 400),
            (.invalidChunkEnd, 400), (.invalidChunkExtension, 400),
        ]
        for (error, status) in errors { XCTAssertEqual(error.status, status, error.reason.bytes.text) }
    }

    private func drain(_ reader: inout BodyReader, _ bytes: [UInt8]) throws {
        var consumed = 0
        for _ in 0...bytes.count {
            let rest = Array(bytes[consumed...])
            switch try reader.next(rest.span) {
            case .data(_, let count): consumed += count
            case .needMore, .end: return
            }
        }
    }
}
