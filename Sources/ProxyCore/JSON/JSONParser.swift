/// Reads one document (RFC 8259) into a tape, in one pass, without making a string or a node object.
///
/// Stricter than section 4 and 9 of the RFC allow: member names have to be unique in their object, no byte order mark,
/// no half surrogate pairs, no number beyond a Double. Two readers that disagree about such a text would disagree
/// about what a token says.
struct JSONParser {
    private(set) var nodes: [JSONNode] = []
    /// What was found instead of refused, when that was asked for.
    private(set) var duplicates: [JSONError] = []
    private let collectsDuplicates: Bool
    private var index = 0
    private var valuesLeft: Int
    private let depthMax: Int
    private var names = JSONNameSet()

    init(limits: JSONLimits, collectsDuplicates: Bool = false) {
        self.collectsDuplicates = collectsDuplicates
        valuesLeft = limits.values
        depthMax = limits.depth
    }

    mutating func parse(_ bytes: Span<UInt8>) throws(JSONError) {
        if bytes.starts(with: "\u{FEFF}") { throw JSONError(.byteOrderMark, at: 0) }
        // Typical claims take ten to fifteen bytes an entry; whatever is denser grows the array.
        nodes.reserveCapacity(min(bytes.count / 10, valuesLeft) + 4)
        skipWhitespace(bytes)
        try parseValue(bytes, depth: 0)
        skipWhitespace(bytes)
        if index < bytes.count { throw JSONError(.trailingBytes, at: index) }
    }

    private mutating func parseValue(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) {
        guard index < bytes.count else { throw JSONError(.truncated, at: index) }
        guard valuesLeft > 0 else { throw JSONError(.tooManyValues, at: index) }
        valuesLeft -= 1
        switch bytes[index] {
        case ASCII.quote: try parseString(bytes)
        case 0x7B: try parseObject(bytes, depth: depth)
        case 0x5B: try parseArray(bytes, depth: depth)
        case 0x2D, 0x30...0x39: try parseNumber(bytes)
        case 0x74: try parseLiteral(bytes, "true", .true)
        case 0x66: try parseLiteral(bytes, "false", .false)
        case 0x6E: try parseLiteral(bytes, "null", .null)
        case _: throw JSONError(.expectedValue, at: index)
        }
    }

    private mutating func parseObject(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) {
        let node = try openContainer(.object, depth: depth)
        var count = 0
        var anyEscaped = false
        if try !closes(bytes, with: 0x7D) {
            repeat {
                skipWhitespace(bytes)
                guard index < bytes.count else { throw JSONError(.truncated, at: index) }
                guard bytes[index] == ASCII.quote else { throw JSONError(.expectedName, at: index) }
                let name = nodes.count
                try parseString(bytes)
                anyEscaped = anyEscaped || nodes[name].tag == .escapedString
                count += 1
                try expectColon(bytes)
                try parseValue(bytes, depth: depth + 1)
            } while try continues(bytes, until: 0x7D, else: .expectedCommaOrBrace)
        }
        closeContainer(node)
        if let duplicate = names.firstDuplicate(of: node, count: count, anyEscaped: anyEscaped, nodes, bytes) {
            let error = JSONError(.duplicateMember, at: Int(nodes[duplicate].lower))
            guard collectsDuplicates else { throw error }
            duplicates.append(error)
        }
    }

    private mutating func parseArray(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) {
        let node = try openContainer(.array, depth: depth)
        if try !closes(bytes, with: 0x5D) {
            repeat {
                skipWhitespace(bytes)
                try parseValue(bytes, depth: depth + 1)
            } while try continues(bytes, until: 0x5D, else: .expectedCommaOrBracket)
        }
        closeContainer(node)
    }

    /// Writes the container's entry, whose end is filled in by `closeContainer`, and steps over the bracket.
    private mutating func openContainer(_ tag: JSONNode.Tag, depth: Int) throws(JSONError) -> Int {
        guard depth < depthMax else { throw JSONError(.tooDeep, at: index) }
        nodes.append(JSONNode(tag, from: index, to: index, next: 0))
        index += 1
        return nodes.count - 1
    }

    private mutating func closeContainer(_ node: Int) {
        nodes[node].upper = UInt32(truncatingIfNeeded: index)
        nodes[node].next = UInt32(truncatingIfNeeded: nodes.count)
    }

    /// True, and past the bracket, when the container that was just opened is empty.
    private mutating func closes(_ bytes: Span<UInt8>, with bracket: UInt8) throws(JSONError) -> Bool {
        skipWhitespace(bytes)
        guard index < bytes.count else { throw JSONError(.truncated, at: index) }
        guard bytes[index] == bracket else { return false }
        index += 1
        return true
    }

    /// Steps over the comma (true) or the closing bracket (false) behind a value.
    private mutating func continues(
        _ bytes: Span<UInt8>, until bracket: UInt8, else kind: JSONError.Kind
    ) throws(JSONError) -> Bool {
        skipWhitespace(bytes)
        guard index < bytes.count else { throw JSONError(.truncated, at: index) }
        let byte = bytes[index]
        guard byte == ASCII.comma || byte == bracket else { throw JSONError(kind, at: index) }
        index += 1
        return byte == ASCII.comma
    }

    private mutating func expectColon(_ bytes: Span<UInt8>) throws(JSONError) {
        skipWhitespace(bytes)
        guard index < bytes.count else { throw JSONError(.truncated, at: index) }
        guard bytes[index] == ASCII.colon else { throw JSONError(.expectedColon, at: index) }
        index += 1
        skipWhitespace(bytes)
    }

    private mutating func parseString(_ bytes: Span<UInt8>) throws(JSONError) {
        let (end, escaped) = try JSONString.scan(bytes, from: index)
        append(escaped ? .escapedString : .plainString, to: end)
    }

    private mutating func parseNumber(_ bytes: Span<UInt8>) throws(JSONError) {
        append(.number, to: try JSONNumber.scan(bytes, from: index))
    }

    private mutating func parseLiteral(
        _ bytes: Span<UInt8>, _ literal: StaticString, _ tag: JSONNode.Tag
    ) throws(JSONError) {
        let expected = literal.bytes
        for offset in expected.indices {
            guard index + offset < bytes.count else { throw JSONError(.truncated, at: bytes.count) }
            guard bytes[index + offset] == expected[offset] else { throw JSONError(.expectedValue, at: index) }
        }
        append(tag, to: index + expected.count)
    }

    private mutating func append(_ tag: JSONNode.Tag, to end: Int) {
        nodes.append(JSONNode(tag, from: index, to: end, next: nodes.count + 1))
        index = end
    }

    private mutating func skipWhitespace(_ bytes: Span<UInt8>) {
        while index < bytes.count {
            let byte = bytes[index]
            guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            index += 1
        }
    }
}
