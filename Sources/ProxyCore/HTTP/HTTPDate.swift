/// Dates as HTTP writes them: IMF-fixdate (RFC 9110 section 5.6.7), `Sun, 06 Nov 1994 08:49:37 GMT`.
package enum HTTPDate {
    /// How many bytes a date has.
    package static let byteCount = 29

    /// `time` as a date. Times before 1970 or after 9999 are cut to that span.
    package static func format(_ time: UnixTime) -> InlineArray<29, UInt8> {
        let date = CivilDate(time)
        var output = DateOutput()
        output.write(name: date.weekday, of: "SunMonTueWedThuFriSat")
        output.write(", ")
        output.write(twoDigits: date.day)
        output.write(ASCII.space)
        output.write(name: date.month - 1, of: "JanFebMarAprMayJunJulAugSepOctNovDec")
        output.write(ASCII.space)
        output.write(twoDigits: date.year / 100)
        output.write(twoDigits: date.year % 100)
        output.write(ASCII.space)
        output.write(twoDigits: date.hour)
        output.write(ASCII.colon)
        output.write(twoDigits: date.minute)
        output.write(ASCII.colon)
        output.write(twoDigits: date.second)
        output.write(" GMT")
        precondition(output.count == byteCount)
        return output.bytes
    }

    /// Appends `time` as a date to `buffer`, which has room for `byteCount` bytes.
    package static func append(_ time: UnixTime, to buffer: ByteBuffer) {
        let bytes = format(time)
        buffer.append(bytes.span)
    }
}

private struct DateOutput {
    var bytes = InlineArray<29, UInt8>(repeating: ASCII.space)
    var count = 0

    mutating func write(_ byte: UInt8) {
        bytes[count] = byte
        count += 1
    }

    mutating func write(_ text: StaticString) {
        let source = text.bytes
        for index in source.indices { write(source[index]) }
    }

    mutating func write(twoDigits value: Int) {
        write(ASCII.zero + UInt8(value / 10))
        write(ASCII.zero + UInt8(value % 10))
    }

    /// The three letters at place `index` of `names`.
    mutating func write(name index: Int, of names: StaticString) {
        let source = names.bytes
        for offset in 0..<3 { write(source[index * 3 + offset]) }
    }
}
