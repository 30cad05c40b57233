/// `/tokens`: the token of every target of `egress`; when it expires and what went wrong, never the token.
enum TokensPage {
    static func write(_ statuses: [TokenStatus], now: UnixTime, to json: inout JSONWriter) {
        json.beginObject()
        json.key("targets")
        json.beginArray()
        for status in statuses { write(status, now, to: &json) }
        json.endArray()
        json.endObject()
    }

    private static func write(_ status: TokenStatus, _ now: UnixTime, to json: inout JSONWriter) {
        json.beginObject()
        json.key("target")
        json.string(status.target)
        json.key("state")
        json.string(state(of: status, now))
        AdminText.write("expires", status.expiry, to: &json)
        AdminText.write("retry", status.retryAt, to: &json)
        json.key("last_error")
        if let failure = status.lastFailure { write(failure, to: &json) } else { json.null() }
        json.endObject()
    }

    private static func state(of status: TokenStatus, _ now: UnixTime) -> StaticString {
        guard let expiry = status.expiry else { return status.fetches == 0 ? "waiting" : "none" }
        return now < expiry ? "valid" : "expired"
    }

    private static func write(_ failure: TokenStatus.Failure, to json: inout JSONWriter) {
        AdminText.write(failure.failure.cause, failure.failure.message, at: failure.at, to: &json)
    }
}
