import ProxyCore

/// Chunked bodies: the same however they are cut, the same as a plain reader finds, and the same once written anew.
final class ChunkedBodyTarget: FuzzTarget {
    enum Outcome: Equatable {
        case incomplete(body: [UInt8])
        case complete(Int, body: [UInt8], trailers: [[UInt8]])
        case refused(BodyError)
    }

    private var section = TrailerSection()
    private let output = ByteBuffer(capacity: 1 << 20)

    func run(_ input: Span<UInt8>) {
        var random = choices(for: input)
        let limits = headLimits(&random)
        let whole = read(input, cuts: [], limits)
        let cuts = cuts(of: input.count, &random)
        let cut = read(input, cuts: cuts, limits)
        require(cut == whole, "the same body whole and cut at \(cuts): \(whole), \(cut)")
        let bytewise = read(input, cuts: Array(0..<min(input.count, 2000)), limits)
        require(bytewise == whole, "the same body whole and byte by byte: \(whole), \(bytewise)")
        let plain = PlainChunks(input.copied())
        switch whole {
        case .complete(let end, let body, _):
            require(plain.end == end && plain.body == body, "what a plain reader finds: \(plain), \(whole)")
            checkWritten(body, &random)
        case .incomplete(let body):
            require(plain.end == nil, "a plain reader finds no end either")
            require(plain.body.starts(with: body) || body.starts(with: plain.body), "what has come of the body")
        case .refused(let error): require(plain.end == nil || Self.isStricter(error), "\(error) in what is a body")
        }
    }

    /// What a reader may hold against a body that is well formed.
    private static func isStricter(_ error: BodyError) -> Bool {
        switch error {
        case .chunkExtensionTooLong, .chunkSizeTooLarge, .invalidChunkExtension, .invalidTrailer: true
        case .invalidChunkEnd, .invalidChunkSize, .truncated: false
        }
    }

    private func read(_ bytes: Span<UInt8>, cuts: [Int], _ limits: HeadLimits) -> Outcome {
        var reader = BodyReader(.chunked, limits: limits)
        var consumed = 0
        var body: [UInt8] = []
        for arrived in cuts + [bytes.count] {
            var isMoving = true
            while isMoving {
                let window = bytes.extracting(consumed..<arrived)
                do throws(BodyError) {
                    switch try reader.next(window) {
                    case .needMore(let count):
                        consumed += count
                        isMoving = false
                    case .data(let range, let count):
                        require(Int(range.upper) <= count && !range.isEmpty, "a piece lies in what is consumed")
                        body += window.slice(range).copied()
                        consumed += count
                    case .end(let count, let trailers):
                        require(reader.hasEnded, "a body that has ended says so")
                        let lines = try trailers.map { range throws(BodyError) in try fields(range, window) } ?? []
                        return .complete(consumed + count, body: body, trailers: lines)
                    }
                } catch { return .refused(error) }
            }
        }
        do throws(BodyError) { try reader.endOfStream() } catch { return .incomplete(body: body) }
        fatalError("broken: a truncated body passes for a whole one")
    }

    private func fields(_ range: ByteRange, _ window: Span<UInt8>) throws(BodyError) -> [[UInt8]] {
        try section.parse(range, in: window)
        return (0..<section.fields.count).map { index in
            let field = section.fields[index]
            require(!field.id.isForbiddenInTrailers, "no trailer that frames, routes or authenticates")
            return window.slice(field.name).copied() + [ASCII.colon] + window.slice(field.value).copied()
        }
    }

    /// Writes the body in pieces, and reads it again.
    private func checkWritten(_ body: [UInt8], _ random: inout SeededRandom) {
        let output = output
        output.removeAll()
        let writer = BodyWriter(.chunked)
        var start = 0
        while start < body.count {
            let end = min(body.count, start + 1 + random.next(upTo: 100))
            writer.write(body.span.extracting(start..<end), to: output)
            start = end
        }
        writer.finish(in: output) {}
        let again = read(output.readable, cuts: [], HeadLimits())
        require(again == .complete(output.count, body: body, trailers: []), "a body survives being written anew")
    }
}

/// The chunked coding as a plain reader takes it apart that has all the bytes and no limits (RFC 9112 section 7.1).
struct PlainChunks {
    private(set) var body: [UInt8] = []
    /// Where the body ends; nil when it does not, or is malformed.
    private(set) var end: Int?

    init(_ bytes: [UInt8]) {
        var index = 0
        while let (line, next) = Self.line(bytes, from: index) {
            let digits = line.prefix { ASCII.hexValue($0) != nil }
            let behind = line.dropFirst(digits.count).drop { $0 == ASCII.space || $0 == ASCII.tab }
            guard !digits.isEmpty, behind.isEmpty && line.count == digits.count || behind.first == ASCII.semicolon,
                let size = Int(String(decoding: digits, as: UTF8.self), radix: 16)
            else { return }
            index = next
            if size == 0 {
                end = Self.endOfTrailers(bytes, from: index)
                return
            }
            body += bytes[index..<min(bytes.count, index + min(size, bytes.count))]
            guard size <= bytes.count - index, bytes[(index + size)...].starts(with: [13, 10]) else { return }
            index += size + 2
        }
    }

    private static func endOfTrailers(_ bytes: [UInt8], from start: Int) -> Int? {
        var index = start
        while let (line, next) = line(bytes, from: index) {
            index = next
            if line.isEmpty { return index }
        }
        return nil
    }

    /// The line from `start` on, which only CRLF ends, and what comes behind it.
    private static func line(_ bytes: [UInt8], from start: Int) -> (line: ArraySlice<UInt8>, next: Int)? {
        guard start < bytes.count, let feed = bytes[start...].firstIndex(of: ASCII.lineFeed), feed > start,
            bytes[start...].firstIndex(of: ASCII.carriageReturn) == feed - 1
        else { return nil }
        return (bytes[start..<(feed - 1)], feed + 1)
    }
}
