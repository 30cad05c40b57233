/// Writes one message's body with the framing that its head announced.
///
/// A chunked body is framed anew, so that nothing of the sender's framing (sizes with leading zeros, extensions)
/// reaches a reader that might take it otherwise.
package struct BodyWriter: Sendable, Equatable {
    package let framing: BodyFraming

    package init(_ framing: BodyFraming) { self.framing = framing }

    /// Bytes that `write` and `finish` may add to what they are given: the size line and the end of one chunk, of the
    /// last one, and a space behind the colon of each trailer field.
    package static let overhead = 32 + Limits.fieldsMax

    /// How much payload may be written to `buffer` at once.
    package func room(in buffer: ByteBuffer) -> Int {
        switch framing {
        case .none, .length, .untilClose: buffer.room
        case .chunked: max(0, buffer.room - Self.overhead)
        }
    }

    /// Writes a piece of the body that fits in `room(in:)`.
    package func write(_ data: Span<UInt8>, to buffer: ByteBuffer) {
        switch framing {
        case .none: break
        case .length, .untilClose: buffer.append(data)
        case .chunked:
            // A chunk of no bytes would end the body.
            guard !data.isEmpty else { return }
            buffer.append(hex: data.count)
            buffer.append("\r\n")
            buffer.append(data)
            buffer.append("\r\n")
        }
    }

    /// Writes the end of the body. Trailers go only into a chunked one: `trailers` writes field lines.
    package func finish(in buffer: ByteBuffer, trailers: () -> Void) {
        switch framing {
        case .none, .length, .untilClose: break
        case .chunked:
            buffer.append("0\r\n")
            trailers()
            buffer.append("\r\n")
        }
    }
}
