/// A response as the bytes that go to the caller (RFC 9112 section 4).
struct ServiceMessage {
    /// The connection can be used for another request.
    let isPersistent: Bool
    /// Of the request: 0 or 1.
    let callerMinorVersion: Int
    /// The request was HEAD.
    let omitsBody: Bool
    let date: UnixTime

    func bytes(of response: ServiceResponse) -> [UInt8] {
        var head = "HTTP/1.1 \(response.status) \(StatusCode.reason(response.status))\r\nDate: "
        let date = HTTPDate.format(date)
        head += date.span.text
        head += "\r\n"
        for field in response.fields { head += "\(field.name): \(field.value)\r\n" }
        // RFC 9110 section 8.6: not in a 204, whose end is known without it; nor would a 304 tell the truth here.
        let hasBody = response.status != 204 && response.status != 304
        if hasBody { head += "Content-Length: \(response.body.count)\r\n" }
        if !isPersistent {
            head += "Connection: close\r\n"
        } else if callerMinorVersion == 0 {
            head += "Connection: keep-alive\r\n"
        }
        head += "\r\n"
        return Array(head.utf8) + (hasBody && !omitsBody ? response.body : [])
    }
}
