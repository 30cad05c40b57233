/// What the pages of the admin listener have in common.
enum AdminText {
    /// A time in UTC as RFC 3339 writes it.
    static func write(_ name: StaticString, _ time: UnixTime?, to json: inout JSONWriter) {
        json.key(name)
        if let time { json.string(Timestamp.text(time)) } else { json.null() }
    }

    /// What a fetch failed by, and when; for the key `last_error`.
    static func write(_ cause: StaticString, _ message: String, at time: UnixTime, to json: inout JSONWriter) {
        json.beginObject()
        json.key("cause")
        json.string(cause)
        json.key("message")
        json.string(message)
        write("time", time, to: &json)
        json.endObject()
    }
}
