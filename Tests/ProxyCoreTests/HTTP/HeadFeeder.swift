import ProxyCore
import XCTest

/// What parsing a head came to, in words, so that a table of tests can hold it and two results can be compared.
enum HeadOutcome: Equatable, CustomStringConvertible {
    case incomplete
    case complete(Int, summary: String)
    case refused(HeadError)

    var description: String {
        switch self {
        case .incomplete: "incomplete"
        case .complete(let count, let summary): "\(count) bytes: \(summary)"
        case .refused(let error): "refused: \(error)"
        }
    }
}

/// Parses heads in pieces and in guarded memory, as one worker does for several connections: one scratch head, into
/// which other heads are parsed between the pieces.
protocol HeadFeeder: AnyObject {
    var guarded: GuardedBytes { get }
    func parse(_ bytes: Span<UInt8>, limits: HeadLimits, progress: inout HeadProgress) -> HeadOutcome
    /// Parses some other head.
    func disturb()
}

extension HeadFeeder {
    func parse(_ bytes: [UInt8], prefix: Int, limits: HeadLimits, progress: inout HeadProgress) -> HeadOutcome {
        guarded.withPrefix(prefix, of: bytes) { span in parse(span, limits: limits, progress: &progress) }
    }

    /// All of `bytes` at once.
    func whole(_ bytes: [UInt8], limits: HeadLimits = HeadLimits()) -> HeadOutcome {
        var progress = HeadProgress()
        return parse(bytes, prefix: bytes.count, limits: limits, progress: &progress)
    }

    /// First as many bytes as each of `cuts` says, then all.
    func inPieces(_ bytes: [UInt8], cuts: some Sequence<Int>, limits: HeadLimits = HeadLimits()) -> HeadOutcome {
        var progress = HeadProgress()
        for cut in cuts {
            let outcome = parse(bytes, prefix: cut, limits: limits, progress: &progress)
            if outcome != .incomplete { return outcome }
            disturb()
        }
        return parse(bytes, prefix: bytes.count, limits: limits, progress: &progress)
    }

    /// Asserts that `bytes` come to `expected`, whole, cut in two anywhere, and byte by byte; and that a prefix comes
    /// to the same whether it came at once or byte by byte.
    func check(
        _ bytes: [UInt8], _ expected: HeadOutcome, limits: HeadLimits = HeadLimits(), _ comment: String,
        line: UInt
    ) {
        let text = "\(comment): " + String(decoding: bytes, as: UTF8.self).debugDescription
        let outcome = whole(bytes, limits: limits)
        guard outcome == expected else {
            return XCTFail("\(text): \(outcome), expected \(expected)", line: line)
        }
        for cut in 0..<bytes.count {
            let parts = inPieces(bytes, cuts: [cut], limits: limits)
            if parts != expected { return XCTFail("\(text) cut at \(cut): \(parts)", line: line) }
        }
        var progress = HeadProgress()
        for count in 0...bytes.count {
            let resumed = parse(bytes, prefix: count, limits: limits, progress: &progress)
            let atOnce = whole(Array(bytes.prefix(count)), limits: limits)
            if resumed != atOnce { return XCTFail("\(text) up to \(count): \(resumed), \(atOnce)", line: line) }
            if resumed != .incomplete { return XCTAssertEqual(resumed, expected, text, line: line) }
            disturb()
        }
    }

    /// A head with more fields than most behind `start`.
    static func crowd(_ start: String) -> [UInt8] {
        let fields = (0..<8).map { "X-\($0): \($0)\r\nConnection: close\r\n" }
        return Array((start + fields.joined() + "\r\n").utf8)
    }
}

final class RequestFeeder: HeadFeeder {
    let guarded = GuardedBytes(capacity: 131_072)
    private var head = RequestHead()
    private let other = RequestFeeder.crowd("OPTIONS /other?x HTTP/1.1\r\nHost: other\r\n")

    func parse(_ bytes: Span<UInt8>, limits: HeadLimits, progress: inout HeadProgress) -> HeadOutcome {
        do throws(HeadError) {
            switch try head.parse(bytes, limits: limits, progress: &progress) {
            case .incomplete: return .incomplete
            case .complete(let count):
                RequestFeeder.checkRanges(head, count)
                return .complete(count, summary: RequestFeeder.summary(head, bytes))
            }
        } catch { return .refused(error) }
    }

    func disturb() {
        var progress = HeadProgress()
        let bytes = other
        guard case .complete = parse(bytes.span, limits: HeadLimits(), progress: &progress) else {
            return XCTFail("the other head is not valid")
        }
    }

    /// The request in one line: `GET /path ? query 1.1 host=h body keep`, absolute-form with a leading `absolute`.
    private static func summary(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> String {
        var words: [String] = head.form == .absolute ? ["absolute"] : []
        words.append(head.method == .other ? "other:" + bytes.slice(head.methodRange).text : "\(head.method)")
        words.append(bytes.slice(head.path).text)
        if let query = head.query { words += ["?", bytes.slice(query).text] }
        words.append("1.\(head.minorVersion) host=\(bytes.slice(head.host).text)")
        words.append(framingName(head.framing))
        words.append(head.keepAlive ? "keep" : "close")
        if head.expectsContinue { words.append("continue") }
        if head.authorization != .none { words.append("authorization=" + name(head.authorization, bytes)) }
        if head.upgrade != .none { words.append("upgrade=" + name(head.upgrade, bytes)) }
        return words.joined(separator: " ")
    }

    private static func checkRanges(_ head: borrowing RequestHead, _ count: Int) {
        var end = 0
        for index in 0..<head.fields.count {
            let field = head.fields[index]
            XCTAssertTrue(end <= field.name.lower && field.name.upper < field.value.lower + 1, "fields in order")
            end = Int(field.value.upper)
        }
        XCTAssertLessThanOrEqual(end, count)
        XCTAssertTrue(head.methodRange.upper < head.target.lower && Int(head.target.upper) < count)
        XCTAssertTrue(head.target.lower <= head.path.lower && head.path.upper <= head.target.upper)
        XCTAssertFalse(head.path.isEmpty)
    }
}

final class ResponseFeeder: HeadFeeder {
    let guarded = GuardedBytes(capacity: 131_072)
    var requestMethod = Method.get
    private var head = ResponseHead()
    private let other = ResponseFeeder.crowd("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n")

    func parse(_ bytes: Span<UInt8>, limits: HeadLimits, progress: inout HeadProgress) -> HeadOutcome {
        do throws(HeadError) {
            switch try head.parse(bytes, limits: limits, requestMethod: requestMethod, progress: &progress) {
            case .incomplete: return .incomplete
            case .complete(let count): return .complete(count, summary: ResponseFeeder.summary(head, bytes))
            }
        } catch { return .refused(error) }
    }

    func disturb() {
        var progress = HeadProgress()
        let bytes = other
        guard case .complete = parse(bytes.span, limits: HeadLimits(), progress: &progress) else {
            return XCTFail("the other head is not valid")
        }
    }

    /// The response in one line: `200 'OK' 1.1 body keep`.
    private static func summary(_ head: borrowing ResponseHead, _ bytes: Span<UInt8>) -> String {
        var words = ["\(head.status) '\(bytes.slice(head.reason).text)' 1.\(head.minorVersion)"]
        words.append(framingName(head.framing))
        words.append(head.keepAlive ? "keep" : "close")
        if head.isInterim { words.append("interim") }
        if head.isSwitchingProtocols { words.append("switching") }
        if head.upgrade != .none { words.append("upgrade=" + name(head.upgrade, bytes)) }
        return words.joined(separator: " ")
    }
}

private func framingName(_ framing: BodyFraming) -> String {
    switch framing {
    case .none: "none"
    case .length(let count): "length=\(count)"
    case .chunked: "chunked"
    case .untilClose: "untilClose"
    }
}

private func name(_ occurrence: Occurrence, _ bytes: Span<UInt8>) -> String {
    switch occurrence {
    case .none: "none"
    case .one(let value): bytes.slice(value).text
    case .several: "several"
    }
}
