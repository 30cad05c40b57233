/// Takes the chunked transfer coding apart (RFC 9112 section 7.1), at whatever points the bytes are cut.
///
/// Strict: a lenient reader and a strict one before it would disagree about where the message ends. Chunk extensions
/// are read over, within bounds, and concern only this hop.
package struct ChunkedDecoder: Sendable {
    private enum State: UInt8 {
        case size
        case spaceBeforeExtension
        case `extension`
        case sizeLineFeed
        case data
        case dataCarriageReturn
        case dataLineFeed
        case trailers
        case ended
    }

    private var state = State.size
    /// Hexadecimal digits of the size so far.
    private var digits = 0
    /// Bytes left of the chunk, or its size so far.
    private var remaining = 0
    /// Bytes of extensions: of this chunk, of the body.
    private var chunkExtensionBytes = 0
    private var extensionBytes = 0
    private let limits: HeadLimits
    private var progress = HeadProgress()

    /// 15 digits are less than `Int.max`.
    private static let sizeDigitsMax = 15
    /// Extensions have hardly any use, and none that a proxy would have to know.
    private static let chunkExtensionBytesMax = 256
    private static let extensionBytesMax = 16_384

    /// A decoder at the beginning of a body. Its trailer section is held to `limits`, and never consumed in parts: the
    /// caller's buffer has room for `limits.headBytes`.
    package init(limits: HeadLimits) { self.limits = limits }

    package var hasEnded: Bool { state == .ended }

    /// The next piece of the body in `bytes`.
    package mutating func next(_ bytes: Span<UInt8>) throws(BodyError) -> BodyStep {
        var index = 0
        while index < bytes.count {
            switch state {
            case .size: try readSize(bytes[index])
            case .spaceBeforeExtension: try readSpace(bytes[index])
            case .extension: try readExtension(bytes[index])
            case .sizeLineFeed: try readSizeLineFeed(bytes[index])
            case .data:
                let count = min(remaining, bytes.count - index)
                remaining -= count
                if remaining == 0 { state = .dataCarriageReturn }
                return .data(ByteRange(index, index + count), consumed: index + count)
            case .dataCarriageReturn: try expect(ASCII.carriageReturn, bytes[index], then: .dataLineFeed)
            case .dataLineFeed:
                try expect(ASCII.lineFeed, bytes[index], then: .size)
                digits = 0
                remaining = 0
                chunkExtensionBytes = 0
            case .trailers: return try readTrailers(bytes, from: index)
            case .ended: return .end(consumed: index, trailers: nil)
            }
            index += 1
        }
        return state == .ended ? .end(consumed: index, trailers: nil) : .needMore(consumed: index)
    }

    private mutating func readSize(_ byte: UInt8) throws(BodyError) {
        if let value = ASCII.hexValue(byte) {
            guard digits < ChunkedDecoder.sizeDigitsMax else { throw .chunkSizeTooLarge }
            digits += 1
            remaining = remaining << 4 | Int(value)
            return
        }
        guard digits > 0 else { throw .invalidChunkSize }
        switch byte {
        case ASCII.carriageReturn: state = .sizeLineFeed
        case ASCII.semicolon: try countExtension(then: .extension)
        case ASCII.space, ASCII.tab: try countExtension(then: .spaceBeforeExtension)
        case _: throw .invalidChunkSize
        }
    }

    private mutating func readSpace(_ byte: UInt8) throws(BodyError) {
        switch byte {
        case ASCII.semicolon: try countExtension(then: .extension)
        case ASCII.space, ASCII.tab: try countExtension(then: .spaceBeforeExtension)
        case _: throw .invalidChunkSize
        }
    }

    private mutating func readExtension(_ byte: UInt8) throws(BodyError) {
        if byte == ASCII.carriageReturn {
            state = .sizeLineFeed
            return
        }
        guard !ASCII.isControl(byte) || byte == ASCII.tab else { throw .invalidChunkExtension }
        try countExtension(then: .extension)
    }

    private mutating func countExtension(then next: State) throws(BodyError) {
        chunkExtensionBytes += 1
        extensionBytes += 1
        guard chunkExtensionBytes <= ChunkedDecoder.chunkExtensionBytesMax,
            extensionBytes <= ChunkedDecoder.extensionBytesMax
        else { throw .chunkExtensionTooLong }
        state = next
    }

    private mutating func readSizeLineFeed(_ byte: UInt8) throws(BodyError) {
        guard byte == ASCII.lineFeed else { throw .invalidChunkSize }
        state = remaining > 0 ? .data : .trailers
    }

    private mutating func expect(_ expected: UInt8, _ byte: UInt8, then next: State) throws(BodyError) {
        guard byte == expected else { throw .invalidChunkEnd }
        state = next
    }

    private mutating func readTrailers(_ bytes: Span<UInt8>, from start: Int) throws(BodyError) -> BodyStep {
        let section = bytes.extracting(start..<bytes.count)
        guard let end = try TrailerSection.end(in: section, limits: limits, progress: &progress) else {
            return .needMore(consumed: start)
        }
        state = .ended
        return .end(consumed: start + end, trailers: end > 2 ? ByteRange(start, start + end) : nil)
    }
}
