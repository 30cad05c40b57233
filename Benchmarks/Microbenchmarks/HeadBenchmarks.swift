import ProxyCore

/// Reading heads of requests and responses where they lie.
enum HeadBenchmarks {
    static func run(_ stopwatch: inout Stopwatch) throws {
        let token = SampleToken(.p256).bytes(number: 0)
        let program = SampleRequest.bytes("GET /v2/users/4711", token: token)
        let browser = SampleRequest.bytes("GET /v2/users/4711", fields: browserFields, token: token)
        try timeRequest("request head, 6 fields", program, &stopwatch)
        try timeRequest("request head, 17 fields", browser, &stopwatch)
        try timePieces("request head, 17 fields, in two pieces", browser, &stopwatch)
        try timeResponse("response head, 5 fields", serverFields, &stopwatch)
        try timeResponse("response head, 15 fields", serverFields + applicationFields, &stopwatch)
    }

    private static func timeRequest(_ name: String, _ bytes: [UInt8], _ stopwatch: inout Stopwatch) throws {
        var head = RequestHead()
        var progress = HeadProgress()
        try stopwatch.time(name) { _ in
            let result = try head.parse(bytes.span, limits: HeadLimits(), progress: &progress)
            guard result == .complete(bytes.count) else { throw MicroError.wrongResult(of: name) }
            return Int(head.path.upper)
        }
    }

    private static func timePieces(_ name: String, _ bytes: [UInt8], _ stopwatch: inout Stopwatch) throws {
        var head = RequestHead()
        var progress = HeadProgress()
        let half = bytes.count / 2
        try stopwatch.time(name) { _ in
            let first = try head.parse(bytes.span.extracting(first: half), limits: HeadLimits(), progress: &progress)
            let second = try head.parse(bytes.span, limits: HeadLimits(), progress: &progress)
            guard first == .incomplete, second == .complete(bytes.count) else {
                throw MicroError.wrongResult(of: name)
            }
            return Int(head.path.upper)
        }
    }

    private static func timeResponse(_ name: String, _ fields: [String], _ stopwatch: inout Stopwatch) throws {
        let bytes = Array((["HTTP/1.1 200 OK"] + fields + ["", ""]).joined(separator: "\r\n").utf8)
        var head = ResponseHead()
        var progress = HeadProgress()
        try stopwatch.time(name) { _ in
            let result = try head.parse(bytes.span, limits: HeadLimits(), requestMethod: .get, progress: &progress)
            guard result == .complete(bytes.count) else { throw MicroError.wrongResult(of: name) }
            return head.status
        }
    }

    private static let browserFields = [
        "Connection: keep-alive", "Cache-Control: max-age=0",
        "sec-ch-ua: \"Chromium\";v=\"130\", \"Not?A_Brand\";v=\"99\"", "sec-ch-ua-mobile: ?0",
        "sec-ch-ua-platform: \"Linux\"", "Origin: https://app.example.com", "Sec-Fetch-Site: same-site",
        "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty", "Referer: https://app.example.com/",
        "Accept-Encoding: gzip, deflate, br, zstd", "Accept-Language: en-GB,en;q=0.9,de;q=0.8",
        "If-None-Match: W/\"a5c1f0e2\"",
    ]

    private static let serverFields = [
        "Server: nginx/1.22.1", "Date: Thu, 01 Jan 2026 00:00:00 GMT", "Content-Type: application/json",
        "Content-Length: 1024", "Connection: keep-alive",
    ]

    private static let applicationFields = [
        "Cache-Control: private, max-age=0", "ETag: W/\"a5c1f0e2\"", "Vary: Accept-Encoding",
        "X-Request-Id: 01J9ZC6T3W8M2", "X-Runtime: 0.004217", "Strict-Transport-Security: max-age=63072000",
        "X-Content-Type-Options: nosniff", "X-Frame-Options: DENY", "Referrer-Policy: no-referrer",
        "Link: </v2/users?page=2>; rel=\"next\"",
    ]
}
