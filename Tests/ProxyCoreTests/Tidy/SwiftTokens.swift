/// A word or a symbol of a Swift file.
struct SwiftToken: Sendable, Equatable {
    let text: String
    /// 1-based.
    let line: Int
    /// No white space, comment or string literal stands between it and the token before it.
    let glued: Bool

    var isWord: Bool { text.utf8.first.map(SwiftScanner.isWordByte) ?? false }
}

/// A comment, with its slashes.
struct SwiftComment: Sendable, Equatable {
    let text: String
    /// 1-based; where it begins.
    let line: Int
}

/// Splits a Swift file into words and symbols, so that no rule is misled by what stands in a comment or in a string.
///
/// The code inside a string interpolation counts as code. Regular expression literals are not understood; we have none.
struct SwiftScanner {
    private(set) var tokens: [SwiftToken] = []
    private(set) var comments: [SwiftComment] = []
    private let bytes: [UInt8]
    private var index = 0
    private var line = 1
    private var glued = false

    init(_ text: String) {
        bytes = Array(text.utf8)
        scanCode(insideInterpolation: false)
    }

    /// Letters, digits, `_`, the backticks of an escaped name, and all of non-ASCII.
    static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "`"), 0x80...0xFF: true
        case _: false
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r") || byte == newline
    }

    private static let newline = UInt8(ascii: "\n")
    private static let slash = UInt8(ascii: "/")
    private static let star = UInt8(ascii: "*")
    private static let quote = UInt8(ascii: "\"")

    private func peek(_ offset: Int) -> UInt8? {
        index + offset < bytes.count ? bytes[index + offset] : nil
    }

    private func sees(_ first: UInt8, _ second: UInt8) -> Bool {
        peek(0) == first && peek(1) == second
    }

    private mutating func scanCode(insideInterpolation: Bool) {
        var parentheses = 0
        while let byte = peek(0) {
            if insideInterpolation && byte == UInt8(ascii: ")") && parentheses == 0 { return }
            if byte == UInt8(ascii: "(") { parentheses += 1 }
            if byte == UInt8(ascii: ")") { parentheses -= 1 }
            scanPiece(byte)
        }
    }

    private mutating func scanPiece(_ byte: UInt8) {
        if Self.isSpace(byte) {
            skip()
        } else if sees(Self.slash, Self.slash) {
            scanLineComment()
        } else if sees(Self.slash, Self.star) {
            scanBlockComment()
        } else if byte == Self.quote {
            scanString(pounds: 0)
        } else if let pounds = poundsOfRawString() {
            index += pounds
            scanString(pounds: pounds)
        } else {
            scanToken(byte)
        }
    }

    /// Passes one byte that is no token.
    private mutating func skip() {
        if peek(0) == Self.newline { line += 1 }
        index += 1
        glued = false
    }

    private mutating func scanToken(_ byte: UInt8) {
        let start = index
        index += 1
        if Self.isWordByte(byte) {
            while let next = peek(0), Self.isWordByte(next) { index += 1 }
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        tokens.append(SwiftToken(text: text, line: line, glued: glued))
        glued = true
    }

    private mutating func scanLineComment() {
        let start = index
        while let byte = peek(0), byte != Self.newline { skip() }
        addComment(from: start, line)
    }

    private mutating func scanBlockComment() {
        let (start, firstLine) = (index, line)
        var depth = 0
        repeat {
            // Block comments nest.
            let opens = sees(Self.slash, Self.star)
            let closes = sees(Self.star, Self.slash)
            depth += opens ? 1 : closes ? -1 : 0
            if opens || closes { skip() }
            skip()
        } while depth > 0 && index < bytes.count
        addComment(from: start, firstLine)
    }

    private mutating func addComment(from start: Int, _ firstLine: Int) {
        comments.append(SwiftComment(text: String(decoding: bytes[start..<index], as: UTF8.self), line: firstLine))
    }

    /// The number of `#` before a quote, when that is what comes next.
    private func poundsOfRawString() -> Int? {
        var count = 0
        while peek(count) == UInt8(ascii: "#") { count += 1 }
        return count > 0 && peek(count) == Self.quote ? count : nil
    }

    /// Passes a string literal whose opening quote comes next.
    private mutating func scanString(pounds: Int) {
        let quotes = sees(Self.quote, Self.quote) && peek(2) == Self.quote ? 3 : 1
        index += quotes
        while let byte = peek(0) {
            if closesString(quotes: quotes, pounds: pounds) {
                index += quotes + pounds
                break
            }
            if byte == UInt8(ascii: "\\") && hasPounds(pounds, at: 1) {
                scanEscape(pounds: pounds)
            } else {
                skip()
            }
        }
        glued = false
    }

    private mutating func scanEscape(pounds: Int) {
        index += 1 + pounds
        guard peek(0) == UInt8(ascii: "(") else { return skip() }
        index += 1
        glued = false
        scanCode(insideInterpolation: true)
        index += 1
    }

    private func closesString(quotes: Int, pounds: Int) -> Bool {
        for offset in 0..<quotes where peek(offset) != Self.quote { return false }
        return hasPounds(pounds, at: quotes)
    }

    private func hasPounds(_ count: Int, at offset: Int) -> Bool {
        for index in 0..<count where peek(offset + index) != UInt8(ascii: "#") { return false }
        return true
    }
}
