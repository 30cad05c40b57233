import ProxyCore

/// Requests as programs send them.
enum SampleRequest {
    /// The whole head; `line` is method and target.
    static func bytes(_ line: String, fields: [String] = ["Accept-Encoding: gzip"], token: [UInt8]? = nil) -> [UInt8] {
        let usual = ["Host: api.example.com", "User-Agent: sync-daemon/2.4", "Accept: */*"]
        var bytes = Array((["\(line) HTTP/1.1"] + usual + fields).joined(separator: "\r\n").utf8)
        if let token { bytes += Array("\r\nAuthorization: Bearer ".utf8) + token }
        return bytes + Array("\r\nX-Request-Id: 01J9ZC6T3W8M2\r\n\r\n".utf8)
    }

    static func parse(_ bytes: [UInt8], into head: inout RequestHead) throws {
        var progress = HeadProgress()
        let result = try head.parse(bytes.span, limits: HeadLimits(), progress: &progress)
        guard result == .complete(bytes.count) else { throw MicroError.wrongResult(of: "parse") }
    }
}
