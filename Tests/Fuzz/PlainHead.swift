import ProxyCore

/// An accepted head, taken apart as plainly as can be, to hold the parser's answers against. It stops the program when
/// the head is not made of lines as RFC 9112 wants them.
struct PlainHead {
    let startLine: [UInt8]
    private(set) var fields: [(name: [UInt8], value: [UInt8])] = []

    /// - Parameter bytes: the head with its last CRLF, and perhaps an empty line before it.
    init(_ bytes: [UInt8]) {
        var lines = Self.lines(bytes)
        require(lines.count >= 2 && lines.removeLast().isEmpty, "a head ends with an empty line")
        if lines.first?.isEmpty == true { lines.removeFirst() }
        startLine = lines.removeFirst()
        require(!startLine.isEmpty, "one empty line before the head at most")
        for line in lines {
            guard let colon = line.firstIndex(of: ASCII.colon) else { fatalError("broken: a field without a colon") }
            let name = Array(line[..<colon])
            require(!name.isEmpty && name.allSatisfy(ASCII.isTokenCharacter), "a field's name is a token")
            fields.append((name, Self.trimmed(line[(colon + 1)...])))
        }
        checkFraming()
    }

    /// The values of the fields with this lower-case name.
    func values(of name: String) -> [[UInt8]] {
        fields.filter { Self.lowercased($0.name) == Array(name.utf8) }.map(\.value)
    }

    /// What the framing fields say, for a reader that knows nothing but `chunked` and decimal digits.
    var framing: BodyFraming? {
        if let coding = values(of: "transfer-encoding").first {
            require(Self.lowercased(coding) == Array("chunked".utf8), "no coding but chunked")
            return .chunked
        }
        guard let length = values(of: "content-length").first else { return nil }
        require(!length.isEmpty && length.allSatisfy(ASCII.isDigit), "a length is digits")
        guard let count = UInt64(String(decoding: length, as: UTF8.self)) else { fatalError("broken: a huge length") }
        return .length(count)
    }

    static func lowercased(_ bytes: [UInt8]) -> [UInt8] { bytes.map(ASCII.lowercased) }

    private func checkFraming() {
        let lengths = values(of: "content-length").count
        let codings = values(of: "transfer-encoding").count
        require(lengths + codings <= 1, "one framing field at most")
        for field in fields {
            let folded = Self.lowercased(field.name).map { ASCII.isLetter($0) || ASCII.isDigit($0) ? $0 : ASCII.hyphen }
            guard ["content-length", "transfer-encoding"].contains(String(decoding: folded, as: UTF8.self)) else {
                continue
            }
            require(folded == Self.lowercased(field.name), "no framing field in disguise")
        }
    }

    /// Split at CRLF, and nothing else that could end a line or a string in them.
    private static func lines(_ bytes: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var line: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index...].starts(with: [ASCII.carriageReturn, ASCII.lineFeed]) {
                lines.append(line)
                line = []
                index += 2
            } else {
                require(!ASCII.isControl(bytes[index]) || bytes[index] == ASCII.tab, "no control characters")
                line.append(bytes[index])
                index += 1
            }
        }
        require(line.isEmpty, "a head ends with a line's end")
        return lines
    }

    private static func trimmed(_ value: ArraySlice<UInt8>) -> [UInt8] {
        let isText: (UInt8) -> Bool = { $0 != ASCII.space && $0 != ASCII.tab }
        guard let first = value.firstIndex(where: isText), let last = value.lastIndex(where: isText) else { return [] }
        return Array(value[first...last])
    }
}
