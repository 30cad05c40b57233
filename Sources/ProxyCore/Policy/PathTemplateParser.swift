/// Reads the text of a path template from left to right, once.
struct PathTemplateParser {
    private let bytes: [UInt8]
    private var segments: [PathTemplate.Segment] = []
    private var names: [String] = []

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func parse() throws(PathTemplateError) -> [PathTemplate.Segment] {
        guard bytes.first == ASCII.slash else { throw error(.noLeadingSlash, 0) }
        var start = 1
        while start < bytes.count {
            var end = start
            while end < bytes.count, bytes[end] != ASCII.slash { end += 1 }
            try append(start..<end)
            start = end + 1
        }
        return segments
    }

    private mutating func append(_ range: Range<Int>) throws(PathTemplateError) {
        guard !range.isEmpty else { throw error(.emptySegment, range.lowerBound) }
        guard segments.count < PathTemplate.segmentsMax else { throw error(.tooManySegments, range.lowerBound) }
        if case .rest? = segments.last { throw error(.restNotLast, range.lowerBound) }
        if bytes[range.lowerBound] == 0x7B, bytes[range.upperBound - 1] == 0x7D, range.count >= 2 {
            segments.append(try parameter(range))
        } else {
            segments.append(.literal(try literal(range)))
        }
    }

    private mutating func parameter(_ range: Range<Int>) throws(PathTemplateError) -> PathTemplate.Segment {
        var inner = (range.lowerBound + 1)..<(range.upperBound - 1)
        let isRest = bytes[inner].reversed().starts(with: [ASCII.dot, ASCII.dot, ASCII.dot])
        if isRest { inner = inner.lowerBound..<(inner.upperBound - 3) }
        guard !inner.isEmpty else { throw error(.invalidParameterName, range.lowerBound) }
        for index in inner {
            let byte = bytes[index]
            if byte == 0x7B || byte == 0x7D { throw error(.strayBrace, index) }
            let isNameByte =
                ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == ASCII.underscore || byte == ASCII.hyphen
            guard isNameByte else { throw error(.invalidParameterName, index) }
        }
        let name = String(decoding: bytes[inner], as: UTF8.self)
        guard !names.contains(name) else { throw error(.duplicateParameter(name), inner.lowerBound) }
        names.append(name)
        return isRest ? .rest(name) : .parameter(name)
    }

    private func literal(_ range: Range<Int>) throws(PathTemplateError) -> [UInt8] {
        let segment = bytes[range]
        if segment.allSatisfy({ $0 == ASCII.asterisk }) { throw error(.wildcard, range.lowerBound) }
        if segment.elementsEqual([ASCII.dot]) || segment.elementsEqual([ASCII.dot, ASCII.dot]) {
            throw error(.dotSegment, range.lowerBound)
        }
        var literal: [UInt8] = []
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            if byte == ASCII.percent {
                literal += PercentEncoding.triplet(try encodedOctet(at: index))
                index += 3
            } else {
                try check(byte, at: index)
                literal.append(byte)
                index += 1
            }
        }
        return literal
    }

    private func check(_ byte: UInt8, at index: Int) throws(PathTemplateError) {
        if PercentEncoding.isPathCharacter(byte) { return }
        if byte >= 0x80 { throw error(.notASCII, index) }
        if ASCII.isControl(byte) { throw error(.encodedControl, index) }
        if byte == 0x7B || byte == 0x7D { throw error(.strayBrace, index) }
        if byte == ASCII.backslash { throw error(.encodedSeparator, index) }
        throw error(.invalidCharacter(byte), index)
    }

    /// The octet of the triplet at `index`, which has to be one that cannot be written plainly.
    private func encodedOctet(at index: Int) throws(PathTemplateError) -> UInt8 {
        guard let octet = PercentEncoding.octet(at: index, in: bytes.span) else {
            throw error(.invalidPercentEncoding, index)
        }
        if ASCII.isControl(octet) { throw error(.encodedControl, index) }
        if octet == ASCII.slash || octet == ASCII.backslash { throw error(.encodedSeparator, index) }
        if PercentEncoding.isPathCharacter(octet) { throw error(.needlessPercentEncoding(octet), index) }
        return octet
    }

    private func error(_ kind: PathTemplateError.Kind, _ offset: Int) -> PathTemplateError {
        PathTemplateError(kind: kind, offset: offset)
    }
}
