/// The head of the application's response as the caller gets it.
enum RelayedHead {
    /// Bytes beyond the head itself: the version, the date, the framing, the connection's fate, and a space behind the
    /// colon of each field.
    static let fixedBytesMax = 256 + Limits.fieldsMax

    /// The framing of the body that goes to the caller: as it came, except that a body without a stated end is chunked
    /// for a caller that can read that, and a chunked one is ended by the connection for one that cannot.
    static func framing(_ response: BodyFraming, callerMinorVersion: Int) -> BodyFraming {
        switch response {
        case .none, .length: response
        case .chunked, .untilClose: callerMinorVersion >= 1 ? .chunked : .untilClose
        }
    }

    /// Writes an interim (1xx) head; the caller speaks HTTP/1.1.
    static func writeInterim(_ head: borrowing ResponseHead, _ bytes: Span<UInt8>, to output: ByteBuffer) {
        writeStatusLine(head, bytes, to: output)
        writeFields(head, bytes, keepsLength: false, to: output)
        output.append("\r\n")
    }

    /// Writes the head that agrees to speak WebSocket from here on (RFC 9110 section 15.2.2).
    static func writeSwitch(_ head: borrowing ResponseHead, _ bytes: Span<UInt8>, to output: ByteBuffer) {
        writeStatusLine(head, bytes, to: output)
        writeFields(head, bytes, keepsLength: false, to: output)
        output.append("Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    }

    /// Writes a final head. `output` has room for the bytes of the head and `fixedBytesMax` more.
    static func write(
        _ head: borrowing ResponseHead, _ bytes: Span<UInt8>, framing: BodyFraming, persistent: Bool,
        callerMinorVersion: Int, now: UnixTime, to output: ByteBuffer
    ) {
        writeStatusLine(head, bytes, to: output)
        // A response without a body may still state its length: to HEAD, or with 304 (RFC 9110 section 8.6).
        let keepsLength = framing != .chunked && framing != .untilClose && head.status != 204
        writeFields(head, bytes, keepsLength: keepsLength, to: output)
        if !head.fields.contains(.date) {
            // RFC 9110 section 6.6.1: whoever has a clock adds the date that is missing.
            output.append("Date: ")
            HTTPDate.append(now, to: output)
            output.append("\r\n")
        }
        if framing == .chunked { output.append("Transfer-Encoding: chunked\r\n") }
        if !persistent {
            output.append("Connection: close\r\n")
        } else if callerMinorVersion == 0 {
            output.append("Connection: keep-alive\r\n")
        }
        output.append("\r\n")
    }

    private static func writeStatusLine(_ head: borrowing ResponseHead, _ bytes: Span<UInt8>, to output: ByteBuffer) {
        output.append("HTTP/1.1 ")
        output.append(decimal: head.status)
        output.append(ASCII.space)
        output.append(bytes.slice(head.reason))
        output.append("\r\n")
    }

    private static func writeFields(
        _ head: borrowing ResponseHead, _ bytes: Span<UInt8>, keepsLength: Bool, to output: ByteBuffer
    ) {
        let connectionNames = head.fields.connectionNamesFields(in: bytes)
        for index in 0..<head.fields.count {
            let field = head.fields[index]
            if field.id.isHopByHop || field.id == .contentLength && !keepsLength { continue }
            let name = bytes.slice(field.name)
            if connectionNames, field.id != .contentLength, head.fields.connectionLists(name, in: bytes) { continue }
            output.append(field: name, bytes.slice(field.value))
        }
    }
}
