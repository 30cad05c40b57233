/// One field line of a head or a trailer section; the ranges are offsets into the bytes that were parsed.
package struct Field: Sendable, Equatable, BitwiseCopyable {
    /// The name as it was sent: a token.
    package let name: ByteRange
    /// The value without the white space around it; no control characters other than tab, possibly empty.
    package let value: ByteRange
    /// Which name it is.
    package let id: FieldName

    /// What stands where no field has been.
    static let none = Field()

    package init(name: ByteRange, value: ByteRange, id: FieldName) {
        self.name = name
        self.value = value
        self.id = id
    }

    private init() {
        name = .empty
        value = .empty
        id = .other
    }

    /// Parses `line`, which is not empty, and holds neither its CRLF nor control characters (RFC 9112 section 5).
    init(line: Range<Int>, in bytes: Span<UInt8>) throws(HeadError) {
        let colon = try Field.colon(of: line, in: bytes)
        name = ByteRange(line.lowerBound, colon)
        value = Field.trimmed(colon + 1..<line.upperBound, in: bytes)
        id = FieldName(bytes.slice(name))
        // Such a name would frame the message for the application and for nobody else.
        if id == .other, FieldName.isDisguisedFraming(bytes.slice(name)) { throw .disguisedFramingField }
    }

    private static func colon(of line: Range<Int>, in bytes: Span<UInt8>) throws(HeadError) -> Int {
        // Nearly every name is letters, digits and hyphens.
        var index = ByteScan.skipNameCharacters(in: bytes, from: line.lowerBound, to: line.upperBound)
        while index < line.upperBound, ASCII.isTokenCharacter(bytes[index]) { index += 1 }
        guard index < line.upperBound else { throw .missingColon }
        let byte = bytes[index]
        let isFirst = index == line.lowerBound
        if byte == ASCII.space || byte == ASCII.tab { throw isFirst ? .lineFolding : .spaceBeforeColon }
        guard byte == ASCII.colon else { throw .invalidFieldName }
        guard !isFirst else { throw .emptyFieldName }
        return index
    }

    private static func trimmed(_ range: Range<Int>, in bytes: Span<UInt8>) -> ByteRange {
        var lower = range.lowerBound
        var upper = range.upperBound
        while lower < upper, FieldValue.isWhitespace(bytes[lower]) { lower += 1 }
        while lower < upper, FieldValue.isWhitespace(bytes[upper - 1]) { upper -= 1 }
        return ByteRange(lower, upper)
    }
}
