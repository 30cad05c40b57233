/// A moment in the Gregorian calendar, in UTC.
package struct CivilDate: Sendable, Equatable {
    package let year: Int
    /// 1...12.
    package let month: Int
    /// 1...31.
    package let day: Int
    package let hour: Int
    package let minute: Int
    package let second: Int
    /// 0 is Sunday.
    package let weekday: Int

    /// Exact for every time from 1970 to 9999; earlier and later ones are clamped to that span.
    package init(_ time: UnixTime) {
        let seconds = min(max(time.seconds, 0), 253_402_300_799)
        let days = Int(seconds / 86_400)
        let rest = Int(seconds % 86_400)
        hour = rest / 3600
        minute = rest % 3600 / 60
        second = rest % 60
        weekday = (days + 4) % 7
        // Years are counted from 1 March 0000, so that the leap day is the last day of a year; 400 years, one cycle of
        // the calendar, have 146,097 days.
        let shifted = days + 719_468
        let cycle = shifted / 146_097
        let dayOfCycle = shifted % 146_097
        let yearOfCycle = (dayOfCycle - dayOfCycle / 1460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = cycle * 400 + yearOfCycle + (month <= 2 ? 1 : 0)
    }
}
