import ProxyCore
import XCTest

/// Services over real sockets.
final class ServiceConnectionTests: XCTestCase {
    private var service: Service?

    override func tearDown() {
        service?.stop()
        service = nil
    }

    /// Starts a service and gives its port.
    private func serve(
        with options: ServiceOptions = ServiceOptions(),
        _ handler: @escaping @Sendable (ServiceRequest) -> ServiceResponse
    ) throws -> UInt16 {
        let socket = try ListeningSocket(on: .ip(IPAddress(v4: 0x7F00_0001), port: 0), shared: false)
        let log = try LogWriter(level: .error, format: .text)
        service = try Service.start("test", on: socket, options: options, log: log) {
            { requests in requests.map(handler) }
        }
        return try XCTUnwrap(socket.address.port)
    }

    /// Says back what came: method, path, query, body.
    private static func echo(_ request: ServiceRequest) -> ServiceResponse {
        let query = request.query.map { "?" + String(decoding: $0, as: UTF8.self) } ?? ""
        let path = String(decoding: request.path, as: UTF8.self)
        return ServiceResponse(status: 200, body: Array("\(request.method) \(path)\(query) ".utf8) + request.body)
    }

    private static let post = "POST /form?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"

    func testARequestMayComeInPiecesAtEverySplitPoint() throws {
        let caller = try RawCaller(port: serve(Self.echo))
        let bytes = Array(Self.post.utf8)
        for split in 1..<bytes.count {
            try caller.send(Array(bytes[..<split]))
            try caller.send(Array(bytes[split...]))
            let response = try caller.response()
            XCTAssertEqual(response.status, 200, "split at \(split)")
            XCTAssertEqual(response.text, "post /form?x=1 hello", "split at \(split)")
        }
    }

    func testPipelinedRequestsAreAnsweredInOrder() throws {
        let caller = try RawCaller(port: serve(Self.echo))
        let requests = (0..<50).map { number in
            number % 2 == 0 ? "GET /\(number) HTTP/1.1\r\nHost: a\r\n\r\n" : Self.post
        }
        try caller.send(requests.joined())
        for number in 0..<50 {
            XCTAssertEqual(try caller.response().text, number % 2 == 0 ? "get /\(number) " : "post /form?x=1 hello")
        }
    }

    func testTheResponseSaysHowLongItIsAndWhen() throws {
        let caller = try RawCaller(port: serve(Self.echo))
        try caller.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        let response = try caller.response()
        XCTAssertTrue(response.head.hasPrefix("HTTP/1.1 200 OK\r\n"))
        XCTAssertEqual(response.field("Content-Length"), "6")
        XCTAssertEqual(response.field("Date")?.count, HTTPDate.byteCount)
        XCTAssertNil(response.field("Connection"))
    }

    func testHeadHasTheFieldsOfGetAndNoBody() throws {
        let caller = try RawCaller(port: serve(Self.echo))
        try caller.send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n")
        XCTAssertEqual(try caller.response(hasBody: false).field("Content-Length"), "8")
        XCTAssertEqual(try caller.response().text, "get /b ")
    }

    func testWhatEndsTheConnection() throws {
        let port = try serve(Self.echo)
        let rows: [(request: String, connection: String?, ends: Bool)] = [
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "close", true),
            ("GET / HTTP/1.0\r\n\r\n", "close", true),
            ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "keep-alive", false),
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", nil, false),
        ]
        for row in rows {
            let caller = try RawCaller(port: port)
            // The second request is not to be answered on a connection that ends.
            try caller.send(row.request + "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
            XCTAssertEqual(try caller.response().field("Connection"), row.connection, row.request)
            if row.ends {
                XCTAssertEqual(try caller.untilEnd(), [], row.request)
            } else {
                XCTAssertEqual(try caller.response().text, "get /2 ", row.request)
            }
        }
    }

    func testACallerThatHasEndedItsSideIsAnswered() throws {
        let caller = try RawCaller(port: serve(Self.echo))
        try caller.send(Self.post + Self.post)
        caller.shutdownSending()
        XCTAssertEqual(try caller.response().text, "post /form?x=1 hello")
        XCTAssertEqual(try caller.response().text, "post /form?x=1 hello")
        XCTAssertEqual(try caller.untilEnd(), [])
    }

    func testARequestThatIsCutOffIsNotAnswered() throws {
        let port = try serve(Self.echo)
        for cut in ["", "GE", "GET / HTTP/1.1\r\nHost: a\r\n", String(Self.post.dropLast())] {
            let caller = try RawCaller(port: port)
            try caller.send(cut)
            caller.shutdownSending()
            XCTAssertEqual(try caller.untilEnd(), [], cut)
        }
    }

    func testChunkedBodies() throws {
        let caller = try RawCaller(port: serve(Self.echo))
        let request = """
            POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r
            2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nX-Checked: yes\r\n\r\n
            """
        let bytes = Array(request.utf8)
        for split in stride(from: 60, to: bytes.count, by: 3) {
            try caller.send(Array(bytes[..<split]))
            try caller.send(Array(bytes[split...]))
            XCTAssertEqual(try caller.response().text, "post / hello", "split at \(split)")
        }
    }

    func testExpectContinue() throws {
        let caller = try RawCaller(port: serve(Self.echo))
        let head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: "
        try caller.send(head + "2\r\n\r\n")
        XCTAssertEqual(try caller.response().status, 100)
        try caller.send("ok")
        XCTAssertEqual(try caller.response().text, "post / ok")
        // A body that is too long is refused without leave to send it.
        try caller.send(head + "65537\r\n\r\n")
        XCTAssertEqual(try caller.response().status, 413)
    }

    func testBodiesUpToTheLimit() throws {
        let port = try serve { ServiceResponse(status: 200, body: Array("\($0.body.count)".utf8)) }
        let caller = try RawCaller(port: port)
        let body = String(repeating: "x", count: 65_536)
        try caller.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n" + body)
        XCTAssertEqual(try caller.response().text, "65536")
        try caller.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000\r\n\(body)\r\n0\r\n\r\n")
        XCTAssertEqual(try caller.response().text, "65536")
    }

    func testBodiesBeyondTheLimitAreRefusedAndTheCallerCanReadSo() throws {
        let port = try serve(Self.echo)
        let body = String(repeating: "x", count: 200_000)
        let rows = [
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + body,
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n30D40\r\n\(body)\r\n0\r\n\r\n",
        ]
        for row in rows {
            let caller = try RawCaller(port: port)
            try caller.send(row)
            let response = try caller.response()
            XCTAssertEqual(response.status, 413)
            XCTAssertEqual(response.field("Connection"), "close")
            XCTAssertEqual(try caller.untilEnd(), [])
        }
    }

    func testBadRequestsAreRefusedAndTheConnectionEnds() throws {
        let port = try serve(Self.echo)
        let many = String(repeating: "A: b\r\n", count: 101)
        let rows: [(request: String, status: Int)] = [
            ("NONSENSE\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
            ("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
            ("GET / HTTP/1.1\r\nHost: a\r\n\(many)\r\n", 431),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "y", count: 20_000))\r\n\r\n", 431),
            ("GET /\(String(repeating: "y", count: 5000)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", 417),
        ]
        for row in rows {
            let caller = try RawCaller(port: port)
            try caller.send(row.request + "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
            let response = try caller.response()
            XCTAssertEqual(response.status, row.status, row.request)
            XCTAssertEqual(response.field("Content-Type"), "application/problem+json")
            XCTAssertEqual(try caller.untilEnd(), [], row.request)
        }
    }

    func testARequestThatDoesNotEndInTimeIsRefused() throws {
        var options = ServiceOptions()
        options.requestTimeout = .milliseconds(20)
        let port = try serve(with: options, Self.echo)
        for part in ["G", "GET / HTTP/1.1\r\nHost: a\r\n", String(Self.post.dropLast())] {
            let caller = try RawCaller(port: port)
            try caller.send(part)
            XCTAssertEqual(try caller.response().status, 408, part)
            XCTAssertEqual(try caller.untilEnd(), [], part)
        }
    }

    func testAnIdleConnectionIsClosed() throws {
        var options = ServiceOptions()
        options.keepAliveIdle = .milliseconds(20)
        let port = try serve(with: options, Self.echo)
        XCTAssertEqual(try RawCaller(port: port).untilEnd(), [])
        let caller = try RawCaller(port: port)
        try caller.send(Self.post)
        XCTAssertEqual(try caller.response().status, 200)
        XCTAssertEqual(try caller.untilEnd(), [])
    }

    func testACallerThatTakesNothingIsCutOff() throws {
        var options = ServiceOptions()
        options.sendTimeout = .milliseconds(50)
        let port = try serve(with: options) { _ in
            ServiceResponse(status: 200, body: Array(repeating: 65, count: 16 << 20))
        }
        let caller = try RawCaller(port: port, receiveBufferBytes: 4096)
        try caller.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        try caller.awaitBreak()
        XCTAssertLessThan(try caller.untilEnd().count, 16 << 20)
    }

    func testALongResponseComesWhole() throws {
        let port = try serve { _ in ServiceResponse(status: 200, body: Array(repeating: 65, count: 4 << 20)) }
        let caller = try RawCaller(port: port)
        try caller.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
        XCTAssertEqual(try caller.response().body.count, 4 << 20)
        XCTAssertEqual(try caller.response().body.count, 4 << 20)
    }

    func testFurtherConnectionsWaitForAPlace() throws {
        var options = ServiceOptions()
        options.connections = 1
        let port = try serve(with: options, Self.echo)
        var first: RawCaller? = try RawCaller(port: port)
        try first?.send(Self.post)
        XCTAssertEqual(try first?.response().status, 200)
        let second = try RawCaller(port: port)
        try second.send(Self.post)
        first = nil
        XCTAssertEqual(try second.response().status, 200)
    }

    func testStoppingEndsWhatIsOpen() throws {
        let port = try serve(Self.echo)
        let caller = try RawCaller(port: port)
        try caller.send(Self.post)
        XCTAssertEqual(try caller.response().status, 200)
        service?.stop()
        XCTAssertEqual(try caller.untilEnd(), [])
    }

    func testWhateverComesTheServiceGoesOn() throws {
        var options = ServiceOptions()
        options.requestTimeout = .milliseconds(50)
        let port = try serve(with: options, Self.echo)
        let seed: UInt64 = 20_260_711
        var random = SeededRandom(seed: seed)
        for round in 0..<150 {
            var bytes = Array((Self.post + Self.post).utf8)
            for _ in 0...random.next(upTo: 4) {
                let position = random.next(upTo: bytes.count)
                switch random.next(upTo: 3) {
                case 0: bytes[position] = UInt8(random.next(upTo: 256))
                case 1: bytes.remove(at: position)
                case _: bytes.insert(contentsOf: random.bytes(3), at: position)
                }
            }
            let caller = try RawCaller(port: port)
            try caller.send(bytes)
            caller.shutdownSending()
            _ = try caller.untilEnd()
            let next = try RawCaller(port: port)
            try next.send(Self.post)
            XCTAssertEqual(try next.response().text, "post /form?x=1 hello", "seed \(seed), round \(round)")
        }
    }
}
