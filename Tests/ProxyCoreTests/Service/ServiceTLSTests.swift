import ProxyCore
import XCTest

/// Services that speak TLS, over real sockets.
final class ServiceTLSTests: XCTestCase {
    private let certificates = TestCertificates()
    private var service: Service?

    override func tearDown() {
        service?.stop()
        service = nil
    }

    /// Starts a service and gives its address.
    private func serve(
        wants clients: ClientCertificates = .none, with options: ServiceOptions = ServiceOptions(),
        mailbox: Mailbox<ServiceCommand>? = nil,
        _ handler: @escaping @Sendable (ServiceRequest) -> ServiceResponse
    ) throws -> SocketAddress {
        var options = options
        options.tls = try context(wants: clients)
        let socket = try ListeningSocket(on: .ip(IPAddress(v4: 0x7F00_0001), port: 0), shared: false)
        let log = try LogWriter(level: .error, format: .text)
        service = try Service.start("test", on: socket, options: options, log: log, mailbox: mailbox) {
            { requests in requests.map(handler) }
        }
        return socket.address
    }

    private func context(wants clients: ClientCertificates) throws -> TLSServerContext {
        try TLSServerContext(
            identities: [certificates.identity()], clientCertificates: clients, tickets: TicketKeyRing())
    }

    /// Says back what came: path, whether a certificate did, and how long the body is.
    private static func echo(_ request: ServiceRequest) -> ServiceResponse {
        let path = String(decoding: request.path, as: UTF8.self)
        let certificate = request.certificate?.thumbprint ?? "none"
        return ServiceResponse(status: 200, body: Array("\(path) \(certificate) \(request.body.count)".utf8))
    }

    private func client(
        _ identity: TLSIdentity? = nil, version: TLSVersion = .tls13
    ) throws -> TLSClientContext {
        try TLSClientContext(
            .host("api.example"), trust: certificates.trust, identity: identity, versionMax: version)
    }

    private func text(_ response: (head: String, body: [UInt8])) -> String {
        String(decoding: response.body, as: UTF8.self)
    }

    func testRequestsInBothVersionsOnOneConnection() throws {
        let address = try serve(Self.echo)
        for version in [TLSVersion.tls12, .tls13] {
            let caller = try TLSCaller(address, client(version: version))
            XCTAssertEqual(caller.session.version, version)
            for number in 0..<5 { XCTAssertEqual(text(try caller.get("/\(number)")), "/\(number) none 0") }
            try caller.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
            try caller.send("GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
            XCTAssertEqual(text(try caller.response()), "/a none 3")
            XCTAssertEqual(text(try caller.response()), "/b none 0")
        }
    }

    func testARequestMayComeInPiecesAtEverySplitPoint() throws {
        let caller = try TLSCaller(serve(Self.echo), client())
        let request = "POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
        for split in 1..<request.utf8.count {
            try caller.send(String(request.prefix(split)))
            try caller.send(String(request.dropFirst(split)))
            XCTAssertEqual(text(try caller.response()), "/form none 5", "split at \(split)")
        }
    }

    func testTheCallersCertificateIsTold() throws {
        let address = try serve(wants: .requested(certificates.trust), Self.echo)
        let issued = certificates.issue(.client, ["daemon"])
        for version in [TLSVersion.tls12, .tls13] {
            let context = try client(issued.identity, version: version)
            var told: [String] = []
            // The second one resumes the session of the first.
            for _ in 0..<2 { told.append(text(try TLSCaller(address, context).get("/", "Connection: close\r\n"))) }
            XCTAssertNotEqual(told[0], "/ none 0")
            XCTAssertEqual(told[0], told[1])
            XCTAssertEqual(text(try TLSCaller(address, client(version: version)).get()), "/ none 0")
        }
    }

    /// Whoever has shown a certificate, or none, to authorities of before has to come again.
    func testOtherAuthoritiesDoNotVouchForWhatWasShown() throws {
        let mailbox = try Mailbox<ServiceCommand>()
        let address = try serve(wants: .requested(certificates.trust), mailbox: mailbox, Self.echo)
        let known = try client(certificates.identity(.client, ["daemon"]))
        let callers = try (0..<2).map { _ in try TLSCaller(address, known) }
        let stranger = try TLSCaller(address, client())
        XCTAssertEqual(text(try stranger.get()), "/ none 0")
        // Another certificate of the server's own, say, is no other authority.
        for _ in 0..<2 {
            for caller in callers { XCTAssertNotEqual(text(try caller.get()), "/ none 0") }
            mailbox.post(.tls(try context(wants: .requested(certificates.trust))))
        }
        try callers[1].send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx")
        XCTAssertEqual(text(try stranger.get()), "/ none 0")
        mailbox.post(.tls(try context(wants: .requested(TestCertificates().trust))))
        for idle in [callers[0], stranger] { XCTAssertEqual(try idle.toEnd(), []) }
        try callers[1].send("y")
        let answer = try callers[1].response()
        XCTAssertEqual(text(answer), "/ none 2")
        XCTAssertTrue(answer.head.contains("Connection: close"), answer.head)
        XCTAssertThrowsError(try TLSCaller(address, known).get())
    }

    func testACertificateThatIsNotAcceptedGetsNoAnswer() throws {
        let address = try serve(wants: .required(certificates.trust), Self.echo)
        let stranger = try TestCertificates().identity(.client, ["daemon"])
        for identity in [nil, stranger] {
            for version in [TLSVersion.tls12, .tls13] {
                XCTAssertThrowsError(try TLSCaller(address, client(identity, version: version)).get()) { error in
                    guard case TLSFailure.refusedByPeer = error else { return XCTFail("\(error)") }
                }
            }
        }
        let known = try certificates.identity(.client, ["daemon"])
        XCTAssertTrue(try TLSCaller(address, client(known)).get().head.hasPrefix("HTTP/1.1 200"))
    }

    func testTheEndIsSaidSoThatItCannotBeForged() throws {
        let address = try serve(Self.echo)
        let caller = try TLSCaller(address, client())
        try caller.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        // `toEnd` throws when it is not said.
        XCTAssertTrue(String(decoding: try caller.toEnd(), as: UTF8.self).hasPrefix("HTTP/1.1 200"))
        let other = try TLSCaller(address, client())
        _ = try other.get()
        other.endSending()
        XCTAssertEqual(try other.toEnd(), [])
    }

    func testARequestThatIsCutOffIsNotAnswered() throws {
        let address = try serve(Self.echo)
        for orderly in [true, false] {
            let caller = try TLSCaller(address, client())
            try caller.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell")
            caller.endSending(orderly: orderly)
            if orderly {
                XCTAssertEqual(try caller.toEnd(), [])
            } else {
                XCTAssertThrowsError(try caller.toEnd()) { error in
                    // decode_error: what OpenSSL says to a stream that just ends.
                    XCTAssertEqual(error as? TLSFailure, .refusedByPeer(alert: 50))
                }
            }
        }
    }

    func testALongResponseComesWhole() throws {
        let body = [UInt8]((0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        let caller = try TLSCaller(serve { _ in ServiceResponse(status: 200, body: body) }, client())
        for _ in 0..<2 { XCTAssertEqual(try caller.get().body, body) }
    }

    func testAHandshakeThatDoesNotEndInTimeIsBrokenOff() throws {
        var options = ServiceOptions()
        options.handshakeTimeout = .seconds(1)
        options.keepAliveIdle = .seconds(75)
        let address = try serve(with: options, Self.echo)
        let port = try XCTUnwrap(address.port)
        let slow = try [[], [UInt8(0x16)], [0x16, 3, 1, 0, 200, 1]].map { start in
            let caller = try RawCaller(port: port)
            try caller.send(start)
            return caller
        }
        for caller in slow { XCTAssertEqual(try caller.untilEnd(), []) }
        // Only the handshake has to be quick.
        let caller = try TLSCaller(address, client())
        for _ in 0..<2 { XCTAssertTrue(try caller.get().head.hasPrefix("HTTP/1.1 200")) }
    }

    func testWhatIsNoTLSGetsNoResponseAndTheServiceGoesOn() throws {
        let address = try serve(Self.echo)
        let port = try XCTUnwrap(address.port)
        var random = SeededRandom(seed: 4)
        let beginnings = [Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)] + (0..<50).map { _ in random.bytes(200) }
        for bytes in beginnings {
            let caller = try RawCaller(port: port)
            try caller.send(bytes)
            caller.shutdownSending()
            XCTAssertFalse(String(decoding: try caller.untilEnd(), as: UTF8.self).contains("HTTP"), "seed 4")
        }
        XCTAssertTrue(try TLSCaller(address, client()).get().head.hasPrefix("HTTP/1.1 200"))
    }

    func testStoppingEndsHandshakesToo() throws {
        let address = try serve(Self.echo)
        let port = try XCTUnwrap(address.port)
        let silent = try RawCaller(port: port)
        let caller = try TLSCaller(address, client())
        XCTAssertTrue(try caller.get().head.hasPrefix("HTTP/1.1 200"))
        service?.stop()
        XCTAssertEqual(try silent.untilEnd(), [])
    }
}
