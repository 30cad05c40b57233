/// Reads one message's body out of the bytes of its connection, as its framing says. Belongs to the connection.
package struct BodyReader: Sendable {
    private enum State: Sendable {
        case chunked(ChunkedDecoder)
        /// Bytes left.
        case length(UInt64)
        case untilClose
        case ended
    }

    private var state: State

    /// A reader at the beginning of a body. `limits` bound its trailer section, see `ChunkedDecoder`.
    package init(_ framing: BodyFraming, limits: HeadLimits) {
        state = switch framing {
        case .none, .length(0): .ended
        case .length(let count): .length(count)
        case .chunked: .chunked(ChunkedDecoder(limits: limits))
        case .untilClose: .untilClose
        }
    }

    /// True once the whole body has been read: `next` has answered `.end`, or it would without another byte.
    package var hasEnded: Bool {
        switch state {
        case .ended: true
        case .chunked, .length, .untilClose: false
        }
    }

    /// The next piece of the body in `bytes`.
    package mutating func next(_ bytes: Span<UInt8>) throws(BodyError) -> BodyStep {
        switch state {
        case .ended: return .end(consumed: 0, trailers: nil)
        case .chunked(var decoder):
            let step = try decoder.next(bytes)
            state = decoder.hasEnded ? .ended : .chunked(decoder)
            return step
        case .length(let left):
            guard !bytes.isEmpty else { return .needMore(consumed: 0) }
            let count = Int(min(left, UInt64(bytes.count)))
            state = left > UInt64(count) ? .length(left - UInt64(count)) : .ended
            return .data(ByteRange(0, count), consumed: count)
        case .untilClose:
            guard !bytes.isEmpty else { return .needMore(consumed: 0) }
            return .data(ByteRange(0, bytes.count), consumed: bytes.count)
        }
    }

    /// Takes the next `count` bytes for body as they are, when the framing is a length and all of them belong to it;
    /// false, and nothing is taken, otherwise.
    package mutating func takeWhole(_ count: Int) -> Bool {
        guard case .length(let left) = state, left >= UInt64(count) else { return false }
        state = left > UInt64(count) ? .length(left - UInt64(count)) : .ended
        return true
    }

    /// The peer has closed its side of the connection, and all that came before has been read. An error unless that is
    /// where the body ends (RFC 9112 section 8): a truncated body must not look like a whole one.
    package mutating func endOfStream() throws(BodyError) {
        switch state {
        case .ended, .untilClose: state = .ended
        case .chunked, .length: throw .truncated
        }
    }
}
