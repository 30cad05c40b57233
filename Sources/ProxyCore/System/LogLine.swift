/// How much is logged: lines of this level and of those before it.
package enum LogLevel: UInt8, Sendable, Comparable, CaseIterable {
    case error
    case warn
    case info
    case debug

    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }

    package var name: StaticString {
        switch self {
        case .error: "error"
        case .warn: "warn"
        case .info: "info"
        case .debug: "debug"
        }
    }
}

/// The shape of log lines.
package enum LogFormat: Sendable {
    /// One JSON object a line.
    case json
    /// Time, level, event, then `key=value`, quoted where that is needed.
    case text
}

/// Lines of a log in the making, appended to a buffer that keeps its capacity. Belongs to one thread.
///
/// Keys and events are literals, so a caller's bytes can only ever be values; in those, control characters, quotes and
/// what is not ASCII text are escaped, so a line is always one line and says what came.
package struct LogLines {
    package let format: LogFormat
    package private(set) var bytes: [UInt8] = []
    /// How many whole lines `bytes` holds.
    package private(set) var count = 0

    package init(format: LogFormat) { self.format = format }

    package var isEmpty: Bool { count == 0 }

    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        count = 0
    }

    /// Starts a line. `wallNanoseconds` is the time of day since 1970.
    package mutating func begin(_ level: LogLevel, _ event: StaticString, wallNanoseconds: UInt64) {
        switch format {
        case .json:
            append("{\"time\":\"")
            appendTime(wallNanoseconds)
            append("\",\"level\":\"")
            append(level.name)
            append("\",\"event\":\"")
            append(event)
            append("\"")
        case .text:
            appendTime(wallNanoseconds)
            append(" ")
            append(level.name)
            append(" ")
            append(event)
        }
    }

    package mutating func end() {
        if format == .json { append("}") }
        bytes.append(ASCII.lineFeed)
        count += 1
    }

    package mutating func field(_ key: StaticString, _ value: Int) {
        beginField(key)
        appendDecimal(value)
    }

    /// A length of time in milliseconds with three decimals.
    package mutating func field(_ key: StaticString, _ value: Interval) {
        beginField(key)
        let microseconds = value.microseconds
        appendDecimal(microseconds / 1000)
        bytes.append(ASCII.dot)
        appendDigits(microseconds % 1000, width: 3)
    }

    package mutating func field(_ key: StaticString, _ value: StaticString) { field(key, value.bytes) }

    package mutating func field(_ key: StaticString, _ value: String) {
        let copy = Array(value.utf8)
        field(key, copy.span)
    }

    package mutating func field(_ key: StaticString, _ value: Span<UInt8>) {
        beginField(key)
        let quoted = format == .json || needsQuotes(value)
        if quoted { bytes.append(ASCII.quote) }
        for index in value.indices { appendEscaped(value[index]) }
        if quoted { bytes.append(ASCII.quote) }
    }

    private mutating func beginField(_ key: StaticString) {
        switch format {
        case .json:
            append(",\"")
            append(key)
            append("\":")
        case .text:
            append(" ")
            append(key)
            append("=")
        }
    }

    private func needsQuotes(_ value: Span<UInt8>) -> Bool {
        if value.isEmpty { return true }
        for index in value.indices {
            let byte = value[index]
            if byte <= ASCII.space || byte >= ASCII.delete || byte == ASCII.quote || byte == ASCII.backslash
                || byte == ASCII.equals
            {
                return true
            }
        }
        return false
    }

    /// One byte of a value. A byte beyond ASCII is written as the escape of the code point of the same number: callers
    /// send any bytes they like, and a log has to be valid text whatever they sent.
    private mutating func appendEscaped(_ byte: UInt8) {
        if byte == ASCII.quote || byte == ASCII.backslash {
            bytes.append(ASCII.backslash)
            bytes.append(byte)
        } else if byte < ASCII.space || byte >= ASCII.delete {
            append("\\u00")
            bytes.append(ASCII.hexDigit(byte >> 4))
            bytes.append(ASCII.hexDigit(byte & 15))
        } else {
            bytes.append(byte)
        }
    }

    private mutating func append(_ literal: StaticString) {
        let literal = literal.bytes
        for index in literal.indices { bytes.append(literal[index]) }
    }

    private mutating func appendDecimal(_ value: Int) {
        if value < 0 {
            bytes.append(ASCII.hyphen)
            return appendDecimal(value == .min ? .max : -value)
        }
        if value >= 10 { appendDecimal(value / 10) }
        bytes.append(ASCII.zero + UInt8(value % 10))
    }

    private mutating func appendDigits(_ value: Int, width: Int) {
        if width > 1 { appendDigits(value / 10, width: width - 1) }
        bytes.append(ASCII.zero + UInt8(value % 10))
    }

    /// RFC 3339 in UTC with milliseconds.
    private mutating func appendTime(_ nanoseconds: UInt64) {
        let seconds = Int64(nanoseconds / 1_000_000_000)
        let date = CivilDate(UnixTime(seconds))
        appendDigits(date.year, width: 4)
        bytes.append(ASCII.hyphen)
        appendDigits(date.month, width: 2)
        bytes.append(ASCII.hyphen)
        appendDigits(date.day, width: 2)
        append("T")
        appendDigits(date.hour, width: 2)
        bytes.append(ASCII.colon)
        appendDigits(date.minute, width: 2)
        bytes.append(ASCII.colon)
        appendDigits(date.second, width: 2)
        bytes.append(ASCII.dot)
        appendDigits(Int(nanoseconds / 1_000_000 % 1000), width: 3)
        append("Z")
    }
}
