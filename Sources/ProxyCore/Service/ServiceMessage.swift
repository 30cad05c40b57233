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
        // RFC 9110 section 8.6: not in a 204, whose end is known without it; nor would a 304 tell the truth here.
        let hasBody = response.status != 204 && response.status != 304
        var message: [UInt8] = []
        message.reserveCapacity(Self.headBytesUsual + (omitsBody ? 0 : response.body.count))
        Self.append("HTTP/1.1 ", to: &message)
        Self.append(decimal: response.status, to: &message)
        message.append(ASCII.space)
        Self.append(StatusCode.reason(response.status), to: &message)
        Self.append("\r\nDate: ", to: &message)
        let date = HTTPDate.format(date)
        for index in date.indices { message.append(date[index]) }
        Self.append("\r\n", to: &message)
        for field in response.fields {
            message += field.name.utf8
            Self.append(": ", to: &message)
            message += field.value.utf8
            Self.append("\r\n", to: &message)
        }
        if hasBody {
            Self.append("Content-Length: ", to: &message)
            Self.append(decimal: response.body.count, to: &message)
            Self.append("\r\n", to: &message)
        }
        if !isPersistent {
            Self.append("Connection: close\r\n", to: &message)
        } else if callerMinorVersion == 0 {
            Self.append("Connection: keep-alive\r\n", to: &message)
        }
        Self.append("\r\n", to: &message)
        if hasBody, !omitsBody { message += response.body }
        return message
    }

    private static let headBytesUsual = 256

    private static func append(_ literal: StaticString, to message: inout [UInt8]) {
        let literal = literal.bytes
        for index in literal.indices { message.append(literal[index]) }
    }

    private static func append(decimal value: Int, to message: inout [UInt8]) {
        if value >= 10 { append(decimal: value / 10, to: &message) }
        message.append(ASCII.zero + UInt8(value % 10))
    }
}
