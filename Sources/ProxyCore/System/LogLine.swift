import Glibc

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

/// Lines of a log in the making, in memory that is kept from one line to the next. Belongs to one thread.
///
/// Keys and events are literals, so a caller's bytes can only ever be values; in those, control characters, quotes and
/// what is not ASCII text are escaped, so a line is always one line and says what came. No value takes more than
/// `valueBytesMax` bytes of what came; one that is cut ends with `\u2026`, which stands for nothing else.
@safe
package struct LogLines: ~Copyable {
    package let format: LogFormat
    private var storage: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private var used = 0
    /// How many whole lines `bytes` holds.
    package private(set) var count = 0
    private var timeText = TimeText()

    /// How much of one value is written: more than any honest path or name has.
    package static let valueBytesMax = 1024

    package init(format: LogFormat, capacity: Int = 1024) {
        self.format = format
        self.capacity = capacity
        guard let memory = unsafe calloc(capacity, 1) else { preconditionFailure("out of memory") }
        // Sound: calloc gives `capacity` initialized bytes, which nobody else knows.
        unsafe storage = memory.bindMemory(to: UInt8.self, capacity: capacity)
    }

    deinit { unsafe free(storage) }

    package var isEmpty: Bool { count == 0 }

    /// The lines so far, lent until they change.
    package var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            // Sound: 0 <= used <= capacity always holds, and the storage lives as long as self.
            let span = unsafe Span(_unsafeStart: UnsafePointer(storage), count: used)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Takes back all lines; their memory is kept.
    package mutating func removeAll() {
        used = 0
        count = 0
    }

    /// Starts a line. `wallNanoseconds` is the time of day since 1970.
    package mutating func begin(_ level: LogLevel, _ event: StaticString, wallNanoseconds: UInt64) {
        timeText.update(wallNanoseconds)
        let time = timeText.bytes
        switch format {
        case .json:
            append("{\"time\":\"")
            append(time.span)
            append("\",\"level\":\"")
            append(level.name)
            append("\",\"event\":\"")
            append(event)
            append("\"")
        case .text:
            append(time.span)
            append(" ")
            append(level.name)
            append(" ")
            append(event)
        }
    }

    package mutating func end() {
        append(format == .json ? "}\n" : "\n")
        count += 1
    }

    package mutating func field(_ key: StaticString, _ value: Int) {
        beginField(key)
        append(decimal: value)
    }

    /// A length of time in milliseconds with three decimals.
    package mutating func field(_ key: StaticString, _ value: Interval) {
        beginField(key)
        let microseconds = value.microseconds
        append(decimal: microseconds / 1000)
        let rest = microseconds % 1000
        let decimals: InlineArray<4, UInt8> = [
            ASCII.dot, Self.digit(rest / 100), Self.digit(rest / 10), Self.digit(rest),
        ]
        append(decimals.span)
    }

    package mutating func field(_ key: StaticString, _ value: StaticString) { field(key, value.bytes) }

    package mutating func field(_ key: StaticString, _ value: String) { field(key, value.utf8.span) }

    package mutating func field(_ key: StaticString, _ value: Span<UInt8>) {
        beginField(key)
        let shown = value.extracting(first: Swift.min(value.count, Self.valueBytesMax))
        let isCut = shown.count < value.count
        let plain = ByteScan.firstUnplain(in: shown)
        let quoted = format == .json || isCut || plain < shown.count || needsQuotes(shown)
        if quoted { append("\"") }
        append(shown.extracting(first: plain))
        if plain < shown.count { appendEscaped(shown.extracting(droppingFirst: plain)) }
        if isCut { append("\\u2026") }
        if quoted { append("\"") }
    }

    /// A number that was written before: digits with a sign, a point or an exponent.
    package mutating func field(_ key: StaticString, number: Span<UInt8>) {
        beginField(key)
        append(number)
    }

    /// Sixteen hexadecimal digits for each number.
    package mutating func field(_ key: StaticString, hex high: UInt64, _ low: UInt64? = nil) {
        beginField(key)
        if format == .json { append("\"") }
        append(HexDigits(high))
        if let low { append(HexDigits(low)) }
        if format == .json { append("\"") }
    }

    /// An address, and its port if it has one, as in the authority of a URL.
    package mutating func field(_ key: StaticString, _ value: SocketAddress) {
        switch value {
        case .unix: field(key, "unix")
        case .ip(let address, let port):
            let text = address.text
            beginField(key)
            if format == .json { append("\"") }
            if !address.isV4 { append("[") }
            append(text.bytes.span.extracting(first: text.count))
            if !address.isV4 { append("]") }
            append(":")
            append(decimal: Int(port))
            if format == .json { append("\"") }
        }
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
        for index in value.indices where value[index] == ASCII.space || value[index] == ASCII.equals { return true }
        return false
    }

    /// A byte beyond ASCII is written as the escape of the code point of the same number: callers send any bytes they
    /// like, and a log has to be valid text whatever they sent.
    private mutating func appendEscaped(_ value: Span<UInt8>) {
        for index in value.indices {
            let byte = value[index]
            if byte == ASCII.quote || byte == ASCII.backslash {
                let escape: InlineArray<2, UInt8> = [ASCII.backslash, byte]
                append(escape.span)
            } else if byte < ASCII.space || byte >= ASCII.delete {
                append("\\u00")
                let digits: InlineArray<2, UInt8> = [ASCII.hexDigit(byte >> 4), ASCII.hexDigit(byte & 15)]
                append(digits.span)
            } else {
                append(byte)
            }
        }
    }

    private mutating func append(decimal value: Int) {
        if value < 0 {
            append(ASCII.hyphen)
            return append(decimal: value == .min ? .max : -value)
        }
        if value >= 10 { append(decimal: value / 10) }
        append(Self.digit(value))
    }

    /// The last decimal digit.
    private static func digit(_ value: Int) -> UInt8 { ASCII.zero + UInt8(value % 10) }

    private mutating func append(_ literal: StaticString) { append(literal.bytes) }

    private mutating func append(_ byte: UInt8) {
        reserve(1)
        unsafe storage[used] = byte
        used += 1
    }

    private mutating func append(_ digits: HexDigits) {
        reserve(16)
        // Sound: `reserve` has made sure of sixteen bytes from `used` on; the machine is little-endian, so the lowest
        // byte, which is the first digit, comes first.
        unsafe UnsafeMutableRawPointer(storage).storeBytes(of: digits.first, toByteOffset: used, as: UInt64.self)
        unsafe UnsafeMutableRawPointer(storage).storeBytes(of: digits.last, toByteOffset: used + 8, as: UInt64.self)
        used += 16
    }

    private mutating func append(_ bytes: Span<UInt8>) {
        guard !bytes.isEmpty else { return }
        reserve(bytes.count)
        let end = used
        let storage = unsafe storage
        // Sound: `reserve` has made sure of bytes.count bytes behind `used`; the source cannot overlap them, since a
        // span lent by this would keep it from being changed.
        unsafe bytes.withUnsafeBufferPointer { source in
            guard let base = source.baseAddress else { return }
            unsafe memcpy(storage + end, base, source.count)
        }
        used += bytes.count
    }

    private mutating func reserve(_ count: Int) {
        if capacity - used < count { grow(by: count) }
    }

    private mutating func grow(by count: Int) {
        let larger = max(2 * capacity, used + count)
        guard let memory = unsafe realloc(storage, larger) else { preconditionFailure("out of memory") }
        // Sound: realloc has kept the first `capacity` bytes; those behind are written before they are read, since
        // `used` never passes what has been appended.
        unsafe storage = memory.bindMemory(to: UInt8.self, capacity: larger)
        capacity = larger
    }
}

/// RFC 3339 in UTC with milliseconds. The calendar is asked once a second.
private struct TimeText {
    private(set) var bytes: InlineArray<24, UInt8> = .init(repeating: ASCII.zero)
    private var second = UInt64.max

    mutating func update(_ nanoseconds: UInt64) {
        let seconds = nanoseconds / 1_000_000_000
        if seconds != second {
            second = seconds
            setSecond(CivilDate(UnixTime(Int64(seconds))))
        }
        set(20, Int(nanoseconds / 1_000_000 % 1000), width: 3)
    }

    private mutating func setSecond(_ date: CivilDate) {
        set(0, date.year, width: 4)
        set(5, date.month, width: 2)
        set(8, date.day, width: 2)
        set(11, date.hour, width: 2)
        set(14, date.minute, width: 2)
        set(17, date.second, width: 2)
        bytes[4] = ASCII.hyphen
        bytes[7] = ASCII.hyphen
        bytes[10] = 0x54
        bytes[13] = ASCII.colon
        bytes[16] = ASCII.colon
        bytes[19] = ASCII.dot
        bytes[23] = 0x5A
    }

    private mutating func set(_ start: Int, _ value: Int, width: Int) {
        var rest = value
        for index in stride(from: start + width - 1, through: start, by: -1) {
            bytes[index] = ASCII.zero + UInt8(rest % 10)
            rest /= 10
        }
    }
}
