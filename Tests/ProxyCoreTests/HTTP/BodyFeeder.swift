import ProxyCore
import XCTest

/// What reading a body came to.
enum BodyOutcome: Equatable {
    /// More is needed behind what has come; so much of the body was found.
    case incomplete(body: String)
    /// The body and its trailer fields, as `name=value`, and how many bytes all of it took.
    case complete(Int, body: String, trailers: [String])
    case refused(BodyError)
}

/// Reads bodies as a connection does: bytes come in pieces, consumed ones go, the rest stays until more has come. What
/// is given to the reader lies in guarded memory.
final class BodyFeeder {
    private let guarded = GuardedBytes(capacity: 131_072)
    private var section = TrailerSection()

    /// Reads a body out of `bytes`, which arrive up to each of `cuts` and then to the end.
    func read(
        _ bytes: [UInt8], _ framing: BodyFraming = .chunked, cuts: some Sequence<Int>,
        limits: HeadLimits = HeadLimits()
    ) -> BodyOutcome {
        var reader = BodyReader(framing, limits: limits)
        var consumed = 0
        var body: [UInt8] = []
        for arrived in Array(cuts) + [bytes.count] {
            while true {
                let window = Array(bytes[consumed..<arrived])
                do throws(BodyError) {
                    switch try step(&reader, window) {
                    case .needMore(let count):
                        XCTAssertLessThanOrEqual(count, window.count)
                        consumed += count
                    case .data(let range, let count):
                        XCTAssertTrue(Int(range.upper) <= count && count <= window.count && !range.isEmpty)
                        body += window[range.range]
                        consumed += count
                        continue
                    case .end(let count, let trailers):
                        XCTAssertLessThanOrEqual(count, window.count)
                        XCTAssertTrue(reader.hasEnded)
                        let fields = try trailers.map { range throws(BodyError) in try parse(range, window) } ?? []
                        let text = String(decoding: body, as: UTF8.self)
                        return .complete(consumed + count, body: text, trailers: fields)
                    }
                } catch { return .refused(error) }
                break
            }
        }
        return .incomplete(body: String(decoding: body, as: UTF8.self))
    }

    /// Asserts that `text` comes to `expected` whole, cut in two anywhere, and byte by byte.
    func check(
        _ text: String, _ expected: BodyOutcome, _ comment: String, framing: BodyFraming = .chunked,
        limits: HeadLimits = HeadLimits(), line: UInt = #line
    ) {
        let bytes = Array(text.utf8)
        let name = "\(comment): \(text.debugDescription)"
        let whole = read(bytes, framing, cuts: [], limits: limits)
        XCTAssertEqual(whole, expected, name, line: line)
        guard whole == expected else { return }
        for cut in bytes.indices {
            let parts = read(bytes, framing, cuts: [cut], limits: limits)
            if parts != expected { return XCTFail("\(name) cut at \(cut): \(parts)", line: line) }
        }
        XCTAssertEqual(read(bytes, framing, cuts: bytes.indices, limits: limits), expected, name, line: line)
    }

    private func step(_ reader: inout BodyReader, _ window: [UInt8]) throws(BodyError) -> BodyStep {
        try guarded.withPrefix(window.count, of: window) { span throws(BodyError) in try reader.next(span) }
    }

    private func parse(_ range: ByteRange, _ window: [UInt8]) throws(BodyError) -> [String] {
        let bytes = window.span
        try section.parse(range, in: bytes)
        return (0..<section.fields.count).map { index in
            let field = section.fields[index]
            return bytes.slice(field.name).text + "=" + bytes.slice(field.value).text
        }
    }
}
