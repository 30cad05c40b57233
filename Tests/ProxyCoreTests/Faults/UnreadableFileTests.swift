#if FAULT_INJECTION
    import Foundation
    import Glibc
    import ProxyCore
    import Synchronization
    import XCTest

    /// A file changes at a moment at which it cannot be read: it is read later, though it does not change again.
    final class UnreadableFileTests: ProxyTestCase {
        private final class Shortage: KernelStandIn, Sendable {
            /// Files that end so cannot be opened.
            let file = Mutex<String?>(nil)
            let ahead = Mutex(0)

            func answer(_ call: KernelCall) -> KernelAnswer {
                switch call {
                case .open(let path, _): return isShut(path) ? .fail(EMFILE) : .proceed
                case .openDirectory(let path): return isShut(path) ? .fail(EMFILE) : .proceed
                case .clock(CLOCK_MONOTONIC):
                    let now = Clock.monotonic().nanoseconds
                    let seconds = Int(now / 1_000_000_000) + ahead.withLock { $0 }
                    return .time(seconds: seconds, nanoseconds: Int(now % 1_000_000_000))
                case _: return .proceed
                }
            }

            func isShut(_ path: String) -> Bool { file.withLock { $0.map(path.hasSuffix) ?? false } }
            func shut(_ path: String?) { file.withLock { $0 = path } }
        }

        private static let open = #"{"path": "/a", "public": true}"#
        private static let scoped = #"{"path": "/a", "scopes": ["a:read"]}"#
        private let shortage = Shortage()

        func testClientsOfAnAuthorizationServer() throws {
            let fixture = try IssuerFixture()
            try KernelStandIns.with(shortage) {
                XCTAssertEqual(fixture.post(IssuerFixture.grant).status, 200)
                try fixture.write([IssuerFixture.client("other", secret: "its-secret")])
                shortage.shut("clients.json")
                // It cannot know better.
                for ahead in [0, 3, 9] {
                    shortage.ahead.withLock { $0 = ahead }
                    XCTAssertEqual(fixture.post(IssuerFixture.grant).status, 200)
                }
                // It knows that it knows nothing.
                shortage.ahead.withLock { $0 = 11 }
                for path in ["token", "introspect", "revoke"] {
                    let answer = fixture.post(IssuerFixture.grant + "&token=x", to: "/oauth/\(path)")
                    XCTAssertEqual(answer.status, 503, path)
                    XCTAssertEqual(try IssuerFixture.json(answer)["error"]?.string, "temporarily_unavailable")
                    XCTAssertEqual(try fixture.audit().last?["reason"]?.string, "clients_unreadable")
                }
                XCTAssertEqual(fixture.get("/.well-known/jwks.json").status, 200)
                shortage.shut(nil)
                shortage.ahead.withLock { $0 = 14 }
                XCTAssertEqual(fixture.post(IssuerFixture.grant).status, 401, "the client has gone")
                XCTAssertEqual(fixture.post(IssuerFixture.grant, client: "other", secret: "its-secret").status, 200)
            }
        }

        /// Who replaces the file in two steps refuses nobody; a file that is gone for good leaves no client.
        func testAFileOfClientsThatIsGone() throws {
            let fixture = try IssuerFixture()
            try KernelStandIns.with(shortage) {
                for (ahead, status) in [(0, 200), (59, 200), (61, 401), (1000, 401)] {
                    try? FileManager.default.removeItem(atPath: fixture.clientsPath)
                    shortage.ahead.withLock { $0 = ahead }
                    XCTAssertEqual(fixture.post(IssuerFixture.grant, peer: nil).status, status, "\(ahead)")
                }
                try fixture.write([IssuerFixture.client()])
                XCTAssertEqual(fixture.post(IssuerFixture.grant, peer: nil).status, 200)
            }
        }

        func testCertificates() throws {
            let files = TLSFiles()
            let upstream = try ScriptedUpstream()
            let shortage = shortage
            let standIn = HastyThreads("certificates") { call, thread in
                thread == "certificates" ? shortage.answer(call) : .proceed
            }
            let proxy = try KernelStandIns.withInherited(standIn) { try files.proxy(upstream) }
            shortage.shut("server.pem")
            files.write(["new.example"])
            let told = try proxy.log.entries.await("failure") { $0.event == "certificates_not_reloaded" }
            XCTAssertTrue(told["error"]?.contains("Too many open files") ?? false, told["error"] ?? "")
            XCTAssertEqual(try TLSCaller(proxy.server.address, files.client()).get().body, Array("ok".utf8))
            shortage.shut(nil)
            try proxy.log.entries.await("certificate") { $0.event == "certificate_loaded" }
            let caller = try TLSCaller(proxy.server.address, files.client("new.example"))
            XCTAssertEqual(try caller.get().body, Array("ok".utf8))
            caller.endSending()
            XCTAssertEqual(proxy.log.entries.values.count { $0.event == "certificates_not_reloaded" }, 1)
            try assertQuiet(proxy)
        }

        /// Of what a configuration consists, whichever of its files it is.
        func testConfiguration() throws {
            let authority = String(decoding: TestCertificates().authority.pem, as: UTF8.self)
            // Nobody is there: what is let through is answered with 502.
            let upstream = """
                {"url": "https://127.0.0.1:1", "tls": {"ca_file": "ca.pem"},
                 "set_headers": {"X-Key": "${file:key.txt}"}}
                """
            for name in ["routes.json", "key.txt", "ca.pem"] {
                let (folder, shortage) = (TemporaryDirectory(), Shortage())
                folder.write("first", to: "key.txt")
                folder.write(authority, to: "ca.pem")
                let attempts = Recorder<String>()
                let standIn = HastyThreads("reload") { call, thread in
                    guard thread == "reload" else { return .proceed }
                    if case .open(let path, _) = call, shortage.isShut(path) { attempts.record(path) }
                    return shortage.answer(call)
                }
                let proxy = try KernelStandIns.withInherited(standIn) {
                    try ProxyFixture(upstream, routes: Self.open, #""admin": "127.0.0.1:0""#, folder: folder)
                }
                let admin = try AdminClient(proxy)
                shortage.shut(name)
                let told = try proxy.reload(upstream, routes: Self.scoped, #""admin": "127.0.0.1:0""#)
                XCTAssertEqual(told.event, "reload_failed", name)
                XCTAssertNotNil(told["retry"], name)
                try attempts.await("attempts") { _ in attempts.values.count >= 4 }
                XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/a")).status, 502, name)
                shortage.shut(nil)
                XCTAssertEqual(try proxy.awaitReload(after: 1).event, "reloaded", name)
                XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/a")).status, 401, name)
                try admin.awaitMetrics([
                    "scopeproxy_reloads_total{result=\"failure\"}": 1, "scopeproxy_reload_last_failed": 0,
                ])
                try assertQuiet(proxy)
            }
        }

        /// What is read at last is not valid: that is told, and nothing is tried any more.
        func testConfigurationThatIsFoundInvalid() throws {
            let upstream = try ScriptedUpstream()
            let (folder, attempts, shortage) = (TemporaryDirectory(), Recorder<String>(), shortage)
            let standIn = HastyThreads("reload") { call, thread in
                guard thread == "reload" else { return .proceed }
                if case .open(let path, _) = call, path.hasSuffix("routes.json") { attempts.record(path) }
                return shortage.answer(call)
            }
            let proxy = try KernelStandIns.withInherited(standIn) {
                try ProxyFixture(upstream.url, routes: Self.open, folder: folder)
            }
            shortage.shut("routes.json")
            XCTAssertNotNil(try proxy.reload("{")["retry"])
            shortage.shut(nil)
            let told = try proxy.awaitReload(after: 1)
            XCTAssertEqual(told.event, "reload_failed")
            XCTAssertNil(told["retry"])
            let before = attempts.values.count
            // Files are looked at, but not read, until one changes.
            try proxy.reload(upstream.url, routes: Self.scoped)
            XCTAssertEqual(attempts.values.count, before + 1)
            XCTAssertEqual(proxy.reloads.map(\.event), ["reload_failed", "reload_failed", "reloaded"])
        }

        /// A directory that cannot be read whole is not one with fewer keys.
        func testSigningKeys() throws {
            let directory = TemporaryDirectory()
            let store = try SigningKeyStore(directory.path("keys"), SigningKeySchedule())
            try store.maintain(at: IssuerFixture.start)
            shortage.shut("keys")
            try KernelStandIns.with(shortage) {
                XCTAssertThrowsError(try store.keys())
                XCTAssertThrowsError(try store.maintain(at: IssuerFixture.start))
            }
            XCTAssertEqual(try store.keys().count, 1)
        }
    }
#endif
