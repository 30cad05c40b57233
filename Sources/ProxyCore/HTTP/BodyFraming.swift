/// How the end of a message's body is found (RFC 9112 section 6.3). Decided once, at the head.
package enum BodyFraming: Sendable, Equatable {
    /// There is no body.
    case none
    /// It has this many bytes, possibly none.
    case length(UInt64)
    /// It says itself where it ends.
    case chunked
    /// It is whatever comes until the connection is closed: responses only.
    case untilClose

    /// True when no byte of a body will come.
    package var isEmpty: Bool { self == .none || self == .length(0) }
}

extension FieldTable {
    /// What the framing fields say, nil when there are none. Two answers, or one that somebody might read otherwise,
    /// are an error: such messages are what request smuggling is made of (RFC 9112 sections 6.3 and 11.2).
    func declaredFraming(in bytes: Span<UInt8>, minorVersion: Int) throws(HeadError) -> BodyFraming? {
        switch (occurrence(of: .contentLength), occurrence(of: .transferEncoding)) {
        case (.none, .none): return nil
        case (.one(let value), .none):
            guard let length = FieldValue.decimal(bytes.slice(value)) else { throw .invalidContentLength }
            return .length(length)
        case (.several, .none): throw .repeatedContentLength
        case (.none, .one(let value)):
            guard minorVersion > 0 else { throw .transferEncodingInHTTP10 }
            guard bytes.slice(value).equalsIgnoringCase("chunked") else { throw transferCodingError(value, in: bytes) }
            return .chunked
        case (.none, .several): throw .invalidTransferEncoding
        case (.one, .one), (.one, .several), (.several, .one), (.several, .several):
            throw .contentLengthWithTransferEncoding
        }
    }

    /// What is wrong with a `Transfer-Encoding` that is not just `chunked`: other codings under a final `chunked` are
    /// well framed and only not implemented (RFC 9112 section 6.1), anything else has no certain end.
    private func transferCodingError(_ value: ByteRange, in bytes: Span<UInt8>) -> HeadError {
        var elements = ListElements(of: value)
        var codings = 0
        var isFramed = false
        while let element = elements.next(in: bytes) {
            let coding = bytes.slice(element)
            guard !isFramed, FieldValue.isToken(coding) else { return .invalidTransferEncoding }
            isFramed = coding.equalsIgnoringCase("chunked")
            codings += 1
        }
        return isFramed && codings > 1 ? .unsupportedTransferCoding : .invalidTransferEncoding
    }

    /// Whether the connection can be used for another message (RFC 9112 section 9.3).
    func connectionPersists(in bytes: Span<UInt8>, minorVersion: Int) -> Bool {
        guard contains(.connection) else { return minorVersion > 0 }
        if lists("close", in: .connection, of: bytes) { return false }
        return minorVersion > 0 || lists("keep-alive", in: .connection, of: bytes)
    }
}
