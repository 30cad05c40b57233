import ProxyCore
import XCTest

final class CivilDateTests: XCTestCase {
    /// Day after day through two cycles of the calendar, by the rule that everybody learns at school.
    func testEveryDay() {
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        var (year, month, day, weekday) = (1970, 1, 1, 4)
        for number in 0..<(146_097 * 2) {
            let date = CivilDate(UnixTime(Int64(number) * 86_400 + 86_399))
            guard date.year == year, date.month == month, date.day == day, date.weekday == weekday,
                date.hour == 23, date.minute == 59, date.second == 59
            else { return XCTFail("\(date) instead of \(year)-\(month)-\(day)") }
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            day += 1
            weekday = (weekday + 1) % 7
            if day > lengths[month - 1] + (month == 2 && isLeap ? 1 : 0) { (month, day) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
        }
    }

    func testTheEndsAreClamped() {
        XCTAssertEqual(CivilDate(UnixTime(-1)), CivilDate(UnixTime(0)))
        let last = CivilDate(UnixTime(.max))
        XCTAssertEqual([last.year, last.month, last.day], [9999, 12, 31])
        XCTAssertEqual([last.hour, last.minute, last.second], [23, 59, 59])
    }
}
