/// Moments as people read them in files and logs: `2026-07-12T08:30:00Z` (RFC 3339 section 5.6), in UTC, whole seconds.
package enum Timestamp {
    /// Times before 1970 or after 9999 are cut to that span.
    package static func text(_ time: UnixTime) -> String {
        let date = CivilDate(time)
        var text: [UInt8] = []
        text.reserveCapacity(20)
        func append(_ part: Int, _ end: UInt8? = nil) {
            text.append(ASCII.zero + UInt8(part / 10))
            text.append(ASCII.zero + UInt8(part % 10))
            if let end { text.append(end) }
        }
        append(date.year / 100)
        append(date.year % 100, ASCII.hyphen)
        append(date.month, ASCII.hyphen)
        append(date.day, 0x54)
        append(date.hour, ASCII.colon)
        append(date.minute, ASCII.colon)
        append(date.second, 0x5A)
        return String(decoding: text, as: UTF8.self)
    }

    /// The moment that `text` names; nil for everything that `text(_:)` does not write.
    package static func parse(_ text: String) -> UnixTime? {
        let bytes = Array(text.utf8)
        guard bytes.count == 20 else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            var value: Int64 = 0
            for byte in bytes[range] {
                guard ASCII.isDigit(byte) else { return nil }
                value = value * 10 + Int64(byte - ASCII.zero)
            }
            return value
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19), (1970...9999).contains(year),
            (1...12).contains(month)
        else { return nil }
        let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
        // The way back shows what is no day, no hour, or not written as it has to be.
        return seconds >= 0 && self.text(UnixTime(seconds)) == text ? UnixTime(seconds) : nil
    }

    /// Days since 1970 of a day in the Gregorian calendar. Years begin in March, so that leap days end them.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let shiftedMonth = month <= 2 ? month + 9 : month - 3
        let dayOfYear = (153 * shiftedMonth + 2) / 5 + day - 1
        let leapDays = shiftedYear / 4 - shiftedYear / 100 + shiftedYear / 400
        return 365 * shiftedYear + leapDays + dayOfYear - 719_468
    }
}
