/// A `traceparent` (W3C Trace Context, section 3.2): one step in a trace through many programs.
package struct TraceParent: Sendable, Equatable, BitwiseCopyable {
    /// The trace: 128 bits, not all zero.
    package let traceHigh: UInt64
    package let traceLow: UInt64
    /// The step, as whoever took it knows it; not zero.
    package let parentID: UInt64
    package let flags: UInt8

    /// The caller may have recorded its step.
    package static let sampled: UInt8 = 1
    /// The trace's identifier is random (level 2 of the recommendation).
    private static let random: UInt8 = 2

    package init(traceHigh: UInt64, traceLow: UInt64, parentID: UInt64, flags: UInt8) {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.parentID = parentID
        self.flags = flags
    }

    /// What a field's value says; nil when it says nothing that may be used. Of a version to come, what today's has is
    /// read, and the rest is not looked at.
    package init?(_ value: Span<UInt8>) {
        guard value.count >= Self.textBytes, let version = Self.byte(in: value, at: 0), version != 0xFF,
            value[2] == ASCII.hyphen, value[35] == ASCII.hyphen, value[52] == ASCII.hyphen,
            let high = HexDigits.number(in: value, from: 3), let low = HexDigits.number(in: value, from: 19),
            let parent = HexDigits.number(in: value, from: 36), let flags = Self.byte(in: value, at: 53),
            high | low != 0, parent != 0
        else { return nil }
        if value.count > Self.textBytes, version == 0 || value[Self.textBytes] != ASCII.hyphen { return nil }
        // Flags that nobody has defined yet are not passed on (section 3.2.2.5).
        let known = version == 0 ? Self.sampled | Self.random : Self.sampled
        self.init(traceHigh: high, traceLow: low, parentID: parent, flags: flags & known)
    }

    private static func byte(in value: Span<UInt8>, at index: Int) -> UInt8? {
        guard let high = HexDigits.lowercaseValue(value[index]), let low = HexDigits.lowercaseValue(value[index + 1])
        else { return nil }
        return high << 4 | low
    }

    package static let textBytes = 55

    /// Appends the value of the field, in version 00, to `buffer`, which has room for `textBytes`.
    package func append(to buffer: ByteBuffer) {
        buffer.append("00-")
        buffer.append(digitsOf: traceHigh)
        buffer.append(digitsOf: traceLow)
        buffer.append(ASCII.hyphen)
        buffer.append(digitsOf: parentID)
        buffer.append(ASCII.hyphen)
        buffer.append(ASCII.hexDigit(flags >> 4))
        buffer.append(ASCII.hexDigit(flags & 15))
    }
}
