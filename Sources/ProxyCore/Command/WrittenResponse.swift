/// The response to a refused request, as the proxy writes it.
struct WrittenResponse {
    /// Status code and reason.
    let status: String
    /// The fields that answer this refusal in particular.
    let fields: [String]

    init(_ answer: ProxyAnswer, realm: String, _ table: RouteTable) {
        let writer = ProblemResponse(realm: realm, table: table)
        let buffer = ByteBuffer(capacity: writer.bytesMax(for: answer))
        writer.write(
            answer, requestID: ByteBuffer(capacity: 1), persistent: true, callerMinorVersion: 1, isHead: true,
            now: UnixTime(0), to: buffer)
        let bytes = buffer.readable
        let lines = bytes.text.split(separator: "\r\n").map(String.init)
        status = lines.first.map { String($0.dropFirst("HTTP/1.1 ".count)) } ?? ""
        fields = lines.filter { line in
            ["WWW-Authenticate:", "Allow:", "Retry-After:"].contains { line.hasPrefix($0) }
        }
    }
}
