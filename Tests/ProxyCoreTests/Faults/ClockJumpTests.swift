#if FAULT_INJECTION
    import Glibc
    import ProxyCore
    import Synchronization
    import XCTest

    /// The machine's clocks jump. The time of day decides which tokens are good, and nothing else.
    final class ClockJumpTests: ProxyTestCase {
        /// Clocks of the proxy's threads that a test moves, and how often its loops have waited.
        private final class MovedClocks: KernelStandIn, Sendable {
            private let ahead = Mutex((wall: 0, monotonic: 0))
            let waits = Atomic<Int>(0)

            func move(wall: Int = 0, monotonic: Int = 0) {
                ahead.withLock { $0 = (wall: wall, monotonic: $0.monotonic + monotonic) }
            }

            func answer(_ call: KernelCall) -> KernelAnswer {
                switch call {
                case .waitEpoll, .poll:
                    waits.add(1, ordering: .relaxed)
                    return .proceed
                case .clock(CLOCK_REALTIME):
                    let now = Clock.unixTime().seconds
                    return .time(seconds: Int(now) + ahead.withLock { $0.wall }, nanoseconds: 0)
                case .clock(CLOCK_MONOTONIC):
                    let now = Clock.monotonic().nanoseconds
                    let seconds = Int(now / 1_000_000_000) + ahead.withLock { $0.monotonic }
                    return .time(seconds: seconds, nanoseconds: Int(now % 1_000_000_000))
                case _: return .proceed
                }
            }
        }

        private static let day = 86_400
        private let clocks = MovedClocks()
        private let signer = TestSigner()

        private func proxy(_ upstream: ScriptedUpstream, _ issuer: String? = nil) throws -> ProxyFixture {
            try KernelStandIns.withInherited(clocks) {
                try ProxyFixture(
                    upstream.url, routes: #"{"path": "/open", "public": true}, {"path": "/", "scopes": ["read"]}"#,
                    issuers: issuer, signer: signer)
            }
        }

        func testTheTimeOfDayDecidesOverTokensOnly() throws {
            let upstream = try ScriptedUpstream()
            let proxy = try proxy(upstream)
            let token = proxy.token(proxy.claims.with("scope", "\"read\""))
            // One connection through all of it, as its deadlines are the other clock's.
            let client = try proxy.client()
            for (ahead, status) in [
                (0, 200), (Self.day, 401), (0, 200), (-Self.day, 401), (0, 200), (20_000 * Self.day, 401), (0, 200),
            ] {
                clocks.move(wall: ahead)
                // The turn that has begun has its time already.
                try client.send(RequestText.of("GET", "/open"))
                XCTAssertEqual(try client.response().status, 200)
                try client.send(RequestText.of("GET", "/", token: token))
                XCTAssertEqual(try client.response().status, status, "\(ahead) seconds ahead")
            }
            client.close()
            try assertQuiet(proxy)
        }

        /// The issuer's server is not asked more often, and the keys do not go.
        func testKeysAreFetchedByTheOtherClock() throws {
            let upstream = try ScriptedUpstream()
            let server = try KeyServer(signer)
            let proxy = try proxy(upstream, server.issuer())
            _ = try proxy.log.entries.await("keys_changed") { $0.event == "keys_changed" }
            for ahead in [0, Self.day, -Self.day, 400 * Self.day, -400 * Self.day, 0] {
                clocks.move(wall: ahead)
                XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/open")).status, 200)
            }
            let token = proxy.token(proxy.claims.with("scope", "\"read\""))
            XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/", token: token)).status, 200)
            XCTAssertEqual(server.fetches, 1)
            try assertQuiet(proxy)
        }

        private func serve(
            _ options: ServiceOptions = ServiceOptions(), _ makeHandler: @escaping @Sendable () -> ServiceHandler
        ) throws -> Service {
            let socket = try ListeningSocket(on: ScriptedUpstream.loopback, shared: false)
            let log = try LogWriter(level: .error, format: .text)
            return try KernelStandIns.withInherited(clocks) {
                try Service.start("issuer", on: socket, options: options, log: log, makeHandler: makeHandler)
            }
        }

        /// Tokens are of the time of day; connections and waits go on.
        func testAnAuthorizationServer() throws {
            let service = try serve {
                guard let kind = SigningKeyFile.kind(for: .es256) else { preconditionFailure("a kind of key") }
                let server = AuthorizationServer(
                    issuer: IssuerFixture.issuer, clients: [IssuerFixture.client()],
                    keys: [SigningKey(.generate(kind), .es256)])
                return { requests in server.answer(requests, now: Clock.unixTime()) }
            }
            defer { service.stop() }
            let caller = try RawCaller(port: XCTUnwrap(service.address.port))
            func post(_ path: String, _ form: String, secret: String = IssuerFixture.secret) throws -> Int64? {
                let form = "client_id=daemon&client_secret=\(secret)&\(form)"
                // The turn that has begun has its time already.
                try caller.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                XCTAssertEqual(try caller.response().status, 404)
                try caller.send(
                    "POST /oauth/\(path) HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                        + "Content-Length: \(form.utf8.count)\r\n\r\n\(form)")
                let answer = try caller.response()
                if let wait = answer.field("Retry-After") { return Int64(wait) }
                let root = try JSONDocument(parsing: answer.body).root
                if let isActive = root["active"]?.bool { return isActive ? 1 : 0 }
                guard let token = root["access_token"]?.string else { return nil }
                tokens.append(token)
                return try IssuerFixture.claims(of: token)["exp"]?.integer
            }
            var tokens: [String] = []
            for ahead in [0, Self.day, -Self.day, 20_000 * Self.day, 0] {
                clocks.move(wall: ahead)
                let earliest = Clock.unixTime().seconds + Int64(ahead) + 300
                let end = try XCTUnwrap(try post("token", IssuerFixture.grant))
                XCTAssertTrue(earliest...(earliest + 60) ~= end, "\(ahead) seconds ahead")
            }
            for (ahead, isActive) in [(0, 1), (Self.day, 0), (0, 1)] as [(Int, Int64)] {
                clocks.move(wall: ahead)
                XCTAssertEqual(try post("introspect", "token=\(tokens[0])"), isActive, "\(ahead) seconds ahead")
            }
            // Whoever has guessed waits a minute at most, wherever the clock goes, and a day later not at all.
            for _ in 0..<7 { _ = try post("token", IssuerFixture.grant, secret: "wrong") }
            clocks.move(wall: -Self.day)
            XCTAssertLessThanOrEqual(try XCTUnwrap(try post("token", IssuerFixture.grant)), 60)
            clocks.move(wall: Self.day)
            XCTAssertGreaterThan(try XCTUnwrap(try post("token", IssuerFixture.grant)), 60)
            clocks.move(wall: Self.day, monotonic: Self.day)
            // The loop sees the time at its next turn.
            try RawCaller(port: XCTUnwrap(service.address.port)).shutdownSending()
            XCTAssertEqual(try caller.untilEnd(), [])
        }

        /// On a connection that stands, a caller's certificate counts until it expires.
        func testTheCertificateOfACaller() throws {
            let certificates = TestCertificates()
            var options = ServiceOptions()
            options.tls = try TLSServerContext(
                identities: [certificates.identity()], clientCertificates: .requested(certificates.trust),
                tickets: TicketKeyRing())
            let service = try serve(options) {
                { $0.map { ServiceResponse(status: $0.certificate == nil ? 401 : 200) } }
            }
            defer { service.stop() }
            let context = try TLSClientContext(
                .host("api.example"), trust: certificates.trust,
                identity: certificates.identity(.client, ["daemon"]), versionMax: .tls13)
            let caller = try TLSCaller(service.address, context)
            for (ahead, status) in [(0, 200), (20_000 * Self.day, 401), (0, 200)] {
                clocks.move(wall: ahead)
                _ = try caller.get()
                XCTAssertTrue(try caller.get().head.hasPrefix("HTTP/1.1 \(status)"), "\(ahead) seconds ahead")
            }
        }

        /// A machine that stood still for a day: what waited is given up, what comes is served, and nothing spins.
        func testAStandstill() throws {
            let upstream = try ScriptedUpstream()
            let server = try KeyServer(signer)
            let proxy = try proxy(upstream, server.issuer())
            _ = try proxy.log.entries.await("keys_changed") { $0.event == "keys_changed" }
            let idle = try proxy.client()
            try idle.send(RequestText.of("GET", "/open"))
            XCTAssertEqual(try idle.response().status, 200)
            clocks.move(wall: Self.day, monotonic: Self.day)
            // The loop sees the time at its next turn.
            XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/open")).status, 200)
            try idle.assertClosed()
            clocks.move(wall: Self.day)
            let before = clocks.waits.load(ordering: .relaxed)
            for _ in 0..<20 { XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/open")).status, 200) }
            XCTAssertLessThan(clocks.waits.load(ordering: .relaxed) - before, 2000)
            try assertQuiet(proxy)
        }
    }
#endif
