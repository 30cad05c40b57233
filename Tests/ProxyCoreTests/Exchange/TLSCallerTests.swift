import Foundation
import ProxyCore
import XCTest

/// What else a caller does over TLS than plain requests: tokens that are bound to its certificate, and tunnels.
final class TLSCallerTests: ProxyTestCase {
    private let files = TLSFiles()

    /// RFC 8705 section 3: the certificate on the connection is the one that the token names.
    func testTokensAreBoundToTheCertificateOnTheConnection() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try boundProxy(upstream)
        let (ours, others) = (files.certificates.issue(.client, ["a"]), files.certificates.issue(.client, ["b"]))
        let fields = try bearer(proxy, of: ours)
        let rows: [(IssuedCertificate?, String)] = [(ours, "200"), (others, "401"), (nil, "401"), (ours, "200")]
        for version in [TLSVersion.tls12, .tls13] {
            for (certificate, status) in rows {
                let context = try files.client(identity: certificate?.identity, version: version)
                // The second connection resumes the session of the first.
                for _ in 0..<2 {
                    let caller = try TLSCaller(proxy.server.address, context)
                    for _ in 0..<2 {
                        let head = try caller.get("/", fields).head
                        XCTAssertTrue(head.hasPrefix("HTTP/1.1 \(status)"), head)
                    }
                }
            }
        }
        try assertQuiet(proxy)
    }

    /// A connection ends when its certificate expires, and until then nothing counts that is bound to one of before.
    func testNoTokenIsBoundToACertificateThatHasExpired() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try boundProxy(upstream)
        let hourAgo = UnixTime(Clock.unixTime().seconds - 3600)
        let brief = files.certificates.issue(.client, ["a"], notBefore: hourAgo, lifetime: .seconds(3602))
        let fields = try bearer(proxy, of: brief)
        let caller = try TLSCaller(proxy.server.address, files.client(identity: brief.identity))
        var statuses: [String] = []
        var hasEnded = false
        for _ in 0..<1_000_000 where !hasEnded {
            guard let head = try? caller.get("/", fields).head else {
                hasEnded = true
                continue
            }
            let status = String(head.split(separator: " ")[1])
            if statuses.last != status { statuses.append(status) }
        }
        XCTAssertTrue(hasEnded)
        XCTAssertTrue(statuses == ["200"] || statuses == ["200", "401"], "\(statuses)")
        try assertQuiet(proxy)
    }

    /// What was shown to authorities of before counts no more for a request that has not come whole.
    func testNoTokenIsBoundToACertificateOfAuthoritiesOfBefore() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try boundProxy(upstream)
        let ours = files.certificates.issue(.client, ["a"])
        let fields = try bearer(proxy, of: ours)
        let context = try files.client(identity: ours.identity)
        let caller = try TLSCaller(proxy.server.address, context)
        XCTAssertTrue(try caller.get("/", fields).head.hasPrefix("HTTP/1.1 200"))
        try caller.send("GET / HTTP/1.1\r\nHost: a\r\n\(fields)")
        // That has been read when somebody who came later has an answer.
        let idle = try TLSCaller(proxy.server.address, context)
        XCTAssertTrue(try idle.get("/", fields).head.hasPrefix("HTTP/1.1 200"))
        files.directory.write(
            String(decoding: TestCertificates().authority.pem, as: UTF8.self), to: "ca.pem")
        proxy.server.reload()
        XCTAssertEqual(try idle.toEnd(), [])
        try caller.send("\r\n")
        XCTAssertTrue(try caller.response().head.hasPrefix("HTTP/1.1 401"))
        XCTAssertEqual(try caller.toEnd(), [])
        XCTAssertEqual(upstream.requests.count, 2)
        try assertQuiet(proxy)
    }

    /// Wants a scope, and asks callers for certificates.
    private func boundProxy(_ upstream: ScriptedUpstream) throws -> ProxyFixture {
        let client = #""client_ca": "\#(files.directory.path("ca.pem"))", "client_certificates": "request""#
        return try ProxyFixture(
            upstream.url, routes: #"{"path": "/{rest...}", "scopes": ["profile:read"]}"#, listen: files.listen(client))
    }

    /// The field with a token that is bound to the certificate.
    private func bearer(_ proxy: ProxyFixture, of certificate: IssuedCertificate) throws -> String {
        let claims = proxy.claims.with("scope", "\"profile:read\"")
            .with("cnf", "{\"x5t#S256\": \"\(try thumbprint(certificate))\"}")
        return "Authorization: Bearer \(proxy.token(claims))\r\n"
    }

    private func thumbprint(_ certificate: IssuedCertificate) throws -> String {
        let lines = String(decoding: certificate.certificate, as: UTF8.self).split(separator: "\n")
        let base64 = lines.filter { !$0.hasPrefix("-") }.joined()
        let der = Array(try XCTUnwrap(Data(base64Encoded: base64)))
        let digest = Digest.sha256(der.span)
        return String(decoding: Base64URL.encode(digest.span), as: UTF8.self)
    }

    // MARK: - Pipelining

    /// A request that comes while others wait in TLS has its event then, and no other.
    func testARequestThatComesWhileOthersWaitIsNotForgotten() throws {
        let latches = [try Latch(), try Latch()]
        let targets = Recorder<String>()
        let upstream = try ScriptedUpstream { talk in
            while let request = try talk.nextRequest() {
                targets.record(request.target)
                if request.target == "/0" { latches[0].pass() }
                if request.target == "/1" { latches[1].pass() }
                try talk.answer(body: request.target)
            }
        }
        let proxy = try files.proxy(upstream, "\"timeouts\": {\"keep_alive_idle_seconds\": 2}")
        let (caller, other) = (
            try TLSCaller(proxy.server.address, files.client()), try TLSCaller(proxy.server.address, files.client())
        )
        try caller.send("GET /0 HTTP/1.1\r\nHost: a\r\n\r\n")
        try targets.await { $0 == "/0" }
        // Two records, which are taken from the socket together.
        try caller.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
        try caller.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
        latches[0].open()
        XCTAssertEqual(try caller.response().body, Array("/0".utf8))
        try targets.await { $0 == "/1" }
        try caller.send("GET /3 HTTP/1.1\r\nHost: a\r\n\r\n")
        // When this has been answered, the proxy has been told of that.
        XCTAssertEqual(try other.get("/other").body, Array("/other".utf8))
        latches[1].open()
        for target in ["/1", "/2", "/3"] { XCTAssertEqual(try caller.response().body, Array(target.utf8)) }
    }

    // MARK: - Tunnels

    private func open(_ proxy: ProxyFixture, _ version: TLSVersion = .tls13) throws -> TLSCaller {
        let caller = try TLSCaller(proxy.server.address, files.client(version: version))
        try caller.send(RequestText.webSocket("/"))
        XCTAssertTrue(try caller.response().head.hasPrefix("HTTP/1.1 101"))
        return caller
    }

    func testATunnelEndsInOrderBySideAndSide() throws {
        let upstream = try ScriptedUpstream { try $0.switchEach() }
        let proxy = try files.proxy(upstream)
        for version in [TLSVersion.tls12, .tls13] {
            let caller = try open(proxy, version)
            let text = String(repeating: "0123456789", count: 10_000)
            try caller.send(text)
            try caller.read(untilCount: text.utf8.count)
            caller.endSending()
            XCTAssertTrue(try caller.toEnd() == Array(text.utf8))
        }
        try assertQuiet(proxy)
    }

    func testATunnelThatIsCutOffIsBrokenOnTheOtherSide() throws {
        let upstream = try ScriptedUpstream { talk in
            _ = try talk.nextRequest()
            try talk.switchProtocols(then: "welcome")
            try talk.awaitEnd()
        }
        let proxy = try files.proxy(upstream)
        let caller = try open(proxy)
        try caller.read(untilCount: 7)
        caller.endSending(orderly: false)
        XCTAssertEqual(try upstream.end(), .reset)
        try assertQuiet(proxy)
    }
}
