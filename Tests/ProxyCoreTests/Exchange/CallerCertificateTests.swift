import ProxyCore
import XCTest

/// Connections of callers whose certificates come to count no more.
final class CallerCertificateTests: ProxyTestCase {
    private let files = TLSFiles()

    private var authority: String {
        #""client_ca": "\#(files.directory.path("ca.pem"))", "client_certificates": "request""#
    }

    /// A certificate that is good for another second or two.
    private func brief() throws -> (identity: TLSIdentity, end: UnixTime) {
        let end = UnixTime(Clock.unixTime().seconds + 2)
        let issued = files.certificates.issue(
            .client, ["a"], notBefore: UnixTime(end.seconds - 3600), lifetime: .seconds(3600))
        return (try issued.identity, end)
    }

    /// An upstream that answers each request after the latch.
    private func slow(_ came: Recorder<Int>, _ latch: Latch) throws -> ScriptedUpstream {
        try ScriptedUpstream { talk in
            while try talk.nextRequest() != nil {
                came.record(1)
                latch.pass()
                try talk.answer()
            }
        }
    }

    private func wait(past end: UnixTime) throws {
        let patience = Patience(until: .never, cancel: try WakeUp())
        for _ in 0..<4000 where Clock.unixTime() <= end { try patience.atMost(.milliseconds(5)).awaitDeadline() }
    }

    // MARK: - Time

    func testAnIdleConnectionEndsWithItsCertificate() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try files.proxy(upstream, tls: authority)
        let (identity, end) = try brief()
        let caller = try TLSCaller(proxy.server.address, files.client(identity: identity))
        let other = try TLSCaller(proxy.server.address, files.client())
        _ = try caller.get()
        _ = try other.get()
        XCTAssertEqual(try caller.toEnd(), [], "said so, and nothing else")
        XCTAssertGreaterThan(Clock.unixTime(), end)
        _ = try other.get()
        try assertQuiet(proxy)
    }

    func testTheAnswerUnderWayComesFirst() throws {
        let (came, latch) = (Recorder<Int>(), try Latch())
        let upstream = try slow(came, latch)
        let proxy = try files.proxy(upstream, tls: authority)
        let (identity, end) = try brief()
        let caller = try TLSCaller(proxy.server.address, files.client(identity: identity))
        try caller.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
        try came.await { $0 == 1 }
        try wait(past: end)
        latch.open()
        XCTAssertEqual(try caller.response().body, Array("ok".utf8))
        XCTAssertEqual(try caller.toEnd(), [])
        XCTAssertEqual(came.values.count, 1, "what was pipelined has not begun")
        try assertQuiet(proxy)
    }

    func testATunnelEndsWithItsCertificate() throws {
        let upstream = try ScriptedUpstream { try $0.switchEach() }
        let proxy = try files.proxy(upstream, tls: authority)
        let caller = try TLSCaller(proxy.server.address, files.client(identity: brief().identity))
        try caller.send(RequestText.webSocket("/chat"))
        XCTAssertTrue(try caller.response().head.hasPrefix("HTTP/1.1 101"))
        XCTAssertEqual(try caller.toEnd(), [])
        XCTAssertEqual(try proxy.logged(path: "/chat")["reason"], "certificate_expired")
        try assertQuiet(proxy)
    }

    // MARK: - Authorities

    func testOtherAuthoritiesEndWhatStands() throws {
        let (came, latch) = (Recorder<Int>(), try Latch())
        let upstream = try slow(came, latch)
        let proxy = try files.proxy(upstream, tls: authority, #""admin": "127.0.0.1:0""#)
        let admin = try AdminClient(proxy)
        let identity = try files.certificates.identity(.client, ["daemon"])
        let (idle, busy) = (
            try TLSCaller(proxy.server.address, files.client(identity: identity)),
            try TLSCaller(proxy.server.address, files.client())
        )
        try busy.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
        try came.await { $0 == 1 }
        // Another certificate of the server's is no reason.
        files.write(["api.example"])
        proxy.server.reload()
        try admin.awaitMetrics(["scopeproxy_tls_reloads_total": 1])
        let silent = try TLSCaller(proxy.server.address, files.client(identity: identity))
        files.directory.write(
            String(decoding: files.certificates.authority.pem + TestCertificates().authority.pem, as: UTF8.self),
            to: "ca.pem")
        proxy.server.reload()
        XCTAssertEqual(try idle.toEnd(), [])
        XCTAssertEqual(try silent.toEnd(), [])
        latch.open()
        let (head, body) = try busy.response()
        XCTAssertEqual(body, Array("ok".utf8))
        XCTAssertTrue(head.lowercased().contains("connection: close"), head)
        XCTAssertEqual(try busy.toEnd(), [])
        _ = try TLSCaller(proxy.server.address, files.client(identity: identity)).get()
        try assertQuiet(proxy)
    }

    func testATunnelEndsWithItsAuthorities() throws {
        let upstream = try ScriptedUpstream { try $0.switchEach() }
        let proxy = try files.proxy(upstream, tls: authority)
        let caller = try TLSCaller(proxy.server.address, files.client())
        try caller.send(RequestText.webSocket("/chat"))
        XCTAssertTrue(try caller.response().head.hasPrefix("HTTP/1.1 101"))
        files.directory.write(
            String(decoding: TestCertificates().authority.pem, as: UTF8.self), to: "ca.pem")
        proxy.server.reload()
        XCTAssertEqual(try caller.toEnd(), [])
        XCTAssertEqual(try proxy.logged(path: "/chat")["reason"], "client_ca_changed")
        try assertQuiet(proxy)
    }
}
