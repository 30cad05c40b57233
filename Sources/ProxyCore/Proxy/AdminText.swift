/// What the pages of the admin listener have in common.
enum AdminText {
    /// A time in UTC as RFC 3339 writes it.
    static func write(_ name: StaticString, _ time: UnixTime?, to json: inout JSONWriter) {
        json.key(name)
        guard let time else { return json.null() }
        let date = CivilDate(time)
        let day = "\(date.year)-\(twoDigits(date.month))-\(twoDigits(date.day))"
        json.string("\(day)T\(twoDigits(date.hour)):\(twoDigits(date.minute)):\(twoDigits(date.second))Z")
    }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
}
