/// Dates as HTTP writes them: IMF-fixdate (RFC 9110 section 5.6.7), `Sun, 06 Nov 1994 08:49:37 GMT`.
package enum HTTPDate {
    /// How many bytes a date has.
    package static let byteCount = 29

    /// `time` as a date. Years 0 to 9999, which is more than a clock will say; times beyond are cut to that.
    package static func format(_ time: UnixTime) -> InlineArray<29, UInt8> {
        let seconds = min(max(time.seconds, -62_167_219_200), 253_402_300_799)
        let days = floorDivide(seconds, 86_400)
        let second = Int(seconds - days * 86_400)
        let date = CivilDate(days: days)
        // 1970-01-01 was a Thursday.
        let weekday = Int(days + 4 - floorDivide(days + 4, 7) * 7)
        var output = DateOutput()
        output.write(name: weekday, of: "SunMonTueWedThuFriSat")
        output.write(", ")
        output.write(twoDigits: date.day)
        output.write(" ")
        output.write(name: date.month - 1, of: "JanFebMarAprMayJunJulAugSepOctNovDec")
        output.write(" ")
        output.write(twoDigits: date.year / 100)
        output.write(twoDigits: date.year % 100)
        output.write(" ")
        output.write(twoDigits: second / 3600)
        output.write(":")
        output.write(twoDigits: second / 60 % 60)
        output.write(":")
        output.write(twoDigits: second % 60)
        output.write(" GMT")
        precondition(output.count == byteCount)
        return output.bytes
    }

    /// Appends `time` as a date to `buffer`, which has room for `byteCount` bytes.
    package static func append(_ time: UnixTime, to buffer: ByteBuffer) {
        let bytes = format(time)
        buffer.append(bytes.span)
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor)
    }
}

/// A day of the proleptic Gregorian calendar.
private struct CivilDate {
    let year: Int
    /// 1...12.
    let month: Int
    /// 1...31.
    let day: Int

    /// The day that lies `days` after 1970-01-01, not before the year 0.
    ///
    /// Counts in years that begin in March, so that the leap day is the last one: in each such year the months' lengths
    /// then follow one rule, five months being 153 days.
    init(days: Int64) {
        let sinceMarchOfYear0 = Int(days) + 719_468
        // Era: 400 years, 146,097 days. 0000-01-01 lies 60 days before the first March, in the era before.
        let era = sinceMarchOfYear0 >= 0 ? sinceMarchOfYear0 / 146_097 : -1
        let dayOfEra = sinceMarchOfYear0 - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
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
