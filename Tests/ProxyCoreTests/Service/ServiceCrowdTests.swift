import ProxyCore
import XCTest

/// Whoever takes all the places of a service keeps nobody out.
final class ServiceCrowdTests: XCTestCase {
    private var service: Service?
    private var log: LogCapture?

    override func tearDown() {
        service?.stop()
        log?.stop()
    }

    private static let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    /// Starts a service with so many places and gives its port.
    private func serve(
        _ places: Int, min keepAliveMin: Interval = .milliseconds(1), perAddress: Int? = nil,
        tls: TLSServerContext? = nil
    ) throws -> UInt16 {
        var options = ServiceOptions()
        options.connections = places
        options.connectionsPerAddress = perAddress
        options.keepAliveMin = keepAliveMin
        options.tls = tls
        let socket = try ListeningSocket(on: .ip(IPAddress(v4: 0x7F00_0001), port: 0), shared: false)
        let log = try LogCapture()
        self.log = log
        service = try Service.start("test", on: socket, options: options, log: log.writer) {
            { $0.map { _ in ServiceResponse(status: 200, body: Array(repeating: 65, count: 1 << 20)) } }
        }
        return try XCTUnwrap(socket.address.port)
    }

    private func ask(_ caller: RawCaller) throws {
        try caller.send(Self.request)
        XCTAssertEqual(try caller.response().status, 200)
    }

    private func pause() throws {
        try Patience(until: .never, cancel: WakeUp()).atMost(.milliseconds(20)).awaitDeadline()
    }

    /// What strangers send and then hold: nothing, a head half come, a body half come, requests whose answers they do
    /// not take, and nonsense whose answer they do not close upon.
    func testAFloodKeepsNobodyOut() throws {
        let port = try serve(20)
        for held in [
            "", "GET / HT", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx",
            String(repeating: Self.request, count: 50), "\r\nnonsense\r\n\r\n",
        ] {
            var flood: [RawCaller] = []
            for _ in 0..<3 {
                for _ in 0..<25 {
                    let stranger = try RawCaller(port: port, receiveBufferBytes: 4096)
                    if !held.isEmpty { try stranger.send(held) }
                    flood.append(stranger)
                }
                try ask(RawCaller(port: port))
            }
            withExtendedLifetime(flood) {}
        }
        XCTAssertEqual(log?.entries.values.first { $0.event == "connections_exhausted" }?.number("connections"), 20)
    }

    func testHandshakesThatNeverEndKeepNobodyOut() throws {
        let certificates = TestCertificates()
        let context = try TLSServerContext(identities: [certificates.identity()], tickets: TicketKeyRing())
        let port = try serve(10, tls: context)
        let client = try TLSClientContext(.host("api.example"), trust: certificates.trust, versionMax: .tls13)
        var flood: [RawCaller] = []
        for _ in 0..<3 {
            for _ in 0..<20 { flood.append(try RawCaller(port: port)) }
            let caller = try TLSCaller(.ip(IPAddress(v4: 0x7F00_0001), port: port), client)
            XCTAssertEqual(try caller.get("/").body.count, 1 << 20)
        }
        withExtendedLifetime(flood) {}
    }

    /// Who has asked for nothing goes first, then who has been idle for longest, and only then a request under way.
    func testWhoGoesFirst() throws {
        let port = try serve(4)
        let begun = try RawCaller(port: port)
        try begun.send("GET / HTTP/1.1\r\n")
        try pause()
        let (first, second) = (try RawCaller(port: port), try RawCaller(port: port))
        try ask(first)
        try pause()
        try ask(second)
        let silent = try RawCaller(port: port)
        try pause()
        let third = try RawCaller(port: port)
        try ask(third)
        XCTAssertEqual(try silent.untilEnd(), [])
        try pause()
        let fourth = try RawCaller(port: port)
        try ask(fourth)
        XCTAssertEqual(try first.untilEnd(), [])
        try begun.send("Host: a\r\n\r\n")
        XCTAssertEqual(try begun.response().status, 200)
        for caller in [second, third, fourth] { try ask(caller) }
    }

    /// What has just been waited for stays, and new callers wait.
    func testFreshConnectionsStay() throws {
        let port = try serve(2, min: .seconds(3600))
        let (first, second) = (try RawCaller(port: port), try RawCaller(port: port))
        try ask(first)
        var waiting: RawCaller? = try RawCaller(port: port)
        try waiting?.send(Self.request)
        for _ in 0..<10 { try pause() }
        try ask(second)
        try ask(first)
        first.shutdownSending()
        XCTAssertEqual(try waiting?.response().status, 200)
        waiting = nil
    }

    func testConnectionsOfOneAddress() throws {
        let port = try serve(20, perAddress: 2)
        var callers = try (0..<2).map { _ in try RawCaller(port: port) }
        for caller in callers { try ask(caller) }
        for _ in 0..<3 { XCTAssertEqual(try RawCaller(port: port).untilEnd(), []) }
        for caller in callers { try ask(caller) }
        callers.removeAll()
        // The service learns of their end by and by.
        var isServed = false
        for _ in 0..<500 where !isServed {
            try pause()
            let caller = try RawCaller(port: port)
            try? caller.send(Self.request)
            isServed = (try? caller.response().status) == 200
        }
        XCTAssertTrue(isServed)
        let told = try XCTUnwrap(log?.entries.values.filter { $0.event == "connections_refused" })
        XCTAssertEqual(told.count, 1)
        XCTAssertTrue(told[0]["peer"]?.hasPrefix("127.0.0.1:") ?? false)
    }
}
