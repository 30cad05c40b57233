import ProxyCore
import XCTest

/// Callers over TLS, on real sockets.
final class TLSListenerTests: ProxyTestCase {
    private let files = TLSFiles()

    func testRequestsOnAKeptConnection() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try files.proxy(upstream)
        for version in [TLSVersion.tls12, .tls13] {
            let caller = try TLSCaller(proxy.server.address, files.client(version: version))
            XCTAssertEqual(caller.session.version, version)
            for _ in 0..<3 { XCTAssertEqual(try caller.get().body, Array("ok".utf8)) }
            XCTAssertTrue(try caller.get("/last", "Connection: close\r\n").head.hasPrefix("HTTP/1.1 200"))
            XCTAssertEqual(try caller.toEnd(), [], "the end is announced")
        }
        XCTAssertEqual(Set(upstream.requests.map { $0.field("X-Forwarded-Proto") }), ["https"])
        try assertQuiet(proxy)
    }

    func testPipelinedRequests() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try files.proxy(upstream)
        let caller = try TLSCaller(proxy.server.address, files.client())
        try caller.send(String(repeating: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", count: 50))
        for _ in 0..<50 { XCTAssertEqual(try caller.response().body, Array("ok".utf8)) }
        XCTAssertEqual(upstream.requests.count, 50)
        caller.endSending()
        try assertQuiet(proxy)
    }

    func testLargeBodiesBothWays() throws {
        let upstream = try ScriptedUpstream { talk in
            while let request = try talk.nextRequest() {
                try talk.send("HTTP/1.1 200 OK\r\nContent-Length: \(request.body.count)\r\n\r\n")
                try talk.send(request.body)
            }
        }
        let proxy = try files.proxy(upstream)
        for version in [TLSVersion.tls12, .tls13] {
            let caller = try TLSCaller(proxy.server.address, files.client(version: version))
            for count in [1, 16_383, 16_384, 16_385, 65_536, 1_000_003] {
                let body = String((0..<count).map { Character(UnicodeScalar(UInt8(97 + $0 % 26))) })
                try caller.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(count)\r\n\r\n" + body)
                XCTAssertTrue(try caller.response().body == Array(body.utf8), "\(count)")
            }
            caller.endSending()
        }
        try assertQuiet(proxy)
    }

    // MARK: - The end

    func testACallerThatEndsItsSideInOrderGetsItsAnswer() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try files.proxy(upstream)
        let caller = try TLSCaller(proxy.server.address, files.client())
        try caller.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        caller.endSending()
        XCTAssertTrue(String(decoding: try caller.toEnd(), as: UTF8.self).hasSuffix("ok"))
        try assertQuiet(proxy)
    }

    func testABodyThatIsCutIsNeverWhole() throws {
        for orderly in [true, false] {
            let upstream = try ScriptedUpstream()
            let proxy = try files.proxy(upstream)
            let caller = try TLSCaller(proxy.server.address, files.client())
            try caller.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            try upstream.awaitBytes(0)
            caller.endSending(orderly: orderly)
            try assertQuiet(proxy)
            XCTAssertEqual(upstream.requests.count, 0)
            upstream.stop()
        }
    }

    func testATruncatedResponseIsNotAnnouncedAsItsEnd() throws {
        let upstream = try ScriptedUpstream { talk in
            _ = try talk.nextRequest()
            try talk.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        }
        let proxy = try files.proxy(upstream)
        let caller = try TLSCaller(proxy.server.address, files.client())
        try caller.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        XCTAssertThrowsError(try caller.toEnd()) { XCTAssertTrue($0 is TLSFailure) }
        try assertQuiet(proxy)
    }

    func testDrainingAnnouncesTheEnd() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try files.proxy(upstream)
        let caller = try TLSCaller(proxy.server.address, files.client())
        _ = try caller.get()
        try assertQuiet(proxy)
        XCTAssertEqual(try caller.toEnd(), [])
    }

    // MARK: - Handshakes that come to nothing

    func testWhatIsNoHandshakeIsClosedAndCounted() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try files.proxy(
            upstream, #""admin": "127.0.0.1:0", "timeouts": {"tls_handshake_seconds": 0.2}, "log": {"level": "debug"}"#)
        let admin = try AdminClient(proxy)
        let plain = try proxy.client()
        try plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        XCTAssertEqual(try plain.readToEnd().text, "")
        let silent = try proxy.client()
        try silent.assertClosed()
        let gone = try proxy.client()
        gone.close()
        let stranger = try TLSClientContext(.host("api.example"), trust: TestCertificates().trust)
        XCTAssertThrowsError(try TLSCaller(proxy.server.address, stranger)) {
            guard case TLSFailure.certificate(.unknownIssuer) = $0 else { return XCTFail("\($0)") }
        }
        func reason(_ word: String) -> String { "scopeproxy_tls_handshake_failures_total{reason=\"\(word)\"}" }
        let scrape = try admin.awaitMetrics([
            reason("plain_http"): 1, reason("timeout"): 1, reason("closed"): 1, reason("refused_by_peer"): 1,
        ])
        XCTAssertEqual(scrape.sum("scopeproxy_tls_handshake_failures_total"), 4)
        _ = try TLSCaller(proxy.server.address, files.client()).get()
        _ = try admin.awaitMetrics(["scopeproxy_tls_handshakes_total": 1])
        XCTAssertEqual(upstream.requests.count, 1)
        let line = try proxy.log.entries.await("line") { $0.event == "handshake_failed" }
        XCTAssertEqual(line["reason"], "plain_http")
        try assertQuiet(proxy)
    }

    func testDisconnectsInTheHandshakeLeaveNothingBehind() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try files.proxy(upstream)
        let good = try TLSCaller(proxy.server.address, files.client())
        let context = try files.client()
        _ = try good.get()
        let before = try OpenDescriptors.list().count
        for number in 0..<200 {
            let caller = try TLSCaller(proxy.server.address, context, shakesHands: false)
            if number % 3 > 0 { _ = try caller.session.handshake() }
            if number % 2 == 0 { caller.reset() }
            if number % 50 == 0 { XCTAssertEqual(try good.get().body, Array("ok".utf8)) }
        }
        let patience = Patience(until: .never, cancel: try WakeUp())
        // Some may still wait to be accepted, and then be found to have gone.
        for _ in 0..<2000 {
            let descriptors = try OpenDescriptors.list().count
            if proxy.server.budget.connections == 1, descriptors <= before + 1 { break }
            try patience.atMost(.milliseconds(5)).awaitDeadline()
        }
        XCTAssertEqual(proxy.server.budget.connections, 1)
        XCTAssertEqual(try good.get().body, Array("ok".utf8))
        // The patience has one of its own.
        XCTAssertLessThanOrEqual(try OpenDescriptors.list().count, before + 1)
        try assertQuiet(proxy)
    }

    // MARK: - Certificates

    func testClientCertificates() throws {
        let upstream = try ScriptedUpstream()
        let authority = #""client_ca": "\#(files.directory.path("ca.pem"))", "client_certificates": "#
        let identity = try files.certificates.identity(.client, ["daemon"])
        for (policy, isRequired) in [("request", false), ("require", true)] {
            let proxy = try files.proxy(upstream, tls: authority + "\"\(policy)\"")
            for version in [TLSVersion.tls12, .tls13] {
                let with = try TLSCaller(proxy.server.address, files.client(identity: identity, version: version))
                XCTAssertEqual(try with.get().body, Array("ok".utf8))
                let without = { [files] in
                    try TLSCaller(proxy.server.address, files.client(version: version)).get().body
                }
                if isRequired {
                    XCTAssertThrowsError(try without())
                } else {
                    XCTAssertEqual(try without(), Array("ok".utf8))
                }
            }
            try assertQuiet(proxy)
        }
    }

    func testSessionsAreResumedByEveryWorker() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try files.proxy(upstream, workers: 3)
        for version in [TLSVersion.tls12, .tls13] {
            let context = try files.client(version: version)
            for number in 0..<24 {
                let caller = try TLSCaller(proxy.server.address, context)
                XCTAssertEqual(try caller.get().body, Array("ok".utf8))
                XCTAssertEqual(caller.session.isResumed, number > 0)
                caller.endSending()
            }
        }
        try assertQuiet(proxy)
    }

    func testCertificatesAreChangedUnderway() throws {
        let upstream = try ScriptedUpstream()
        files.write(["second.example"], to: "second")
        let second = """
            "certificates": [{"certificate": "\(files.directory.path("second.pem"))",
              "private_key": "\(files.directory.path("second.key"))"}]
            """
        let proxy = try files.proxy(upstream, tls: second, #""admin": "127.0.0.1:0""#)
        let admin = try AdminClient(proxy)
        let kept = try TLSCaller(proxy.server.address, files.client())
        _ = try TLSCaller(proxy.server.address, files.client("second.example")).get()
        // Half of a change is none.
        let issued = files.certificates.issue(.server, ["third.example"])
        files.directory.write(String(decoding: issued.certificate, as: UTF8.self), to: "second.pem")
        proxy.server.reload()
        _ = try admin.awaitMetrics(["scopeproxy_tls_reload_failures_total": 1, "scopeproxy_tls_reloads_total": 0])
        _ = try TLSCaller(proxy.server.address, files.client("second.example")).get()
        let line = try proxy.log.entries.await("line") { $0.event == "certificates_not_reloaded" }
        XCTAssertEqual(line["file"], files.directory.path("second.key"))
        XCTAssertEqual(line["error"], "is not the private key of the certificate")
        // The rest of it is noticed without a signal.
        files.directory.write(String(decoding: issued.privateKey, as: UTF8.self), to: "second.key")
        _ = try proxy.log.entries.await("line") { $0.event == "certificate_loaded" && $0["names"] == "third.example" }
        _ = try TLSCaller(proxy.server.address, files.client("third.example")).get()
        XCTAssertThrowsError(try TLSCaller(proxy.server.address, files.client("second.example")))
        XCTAssertEqual(try kept.get().body, Array("ok".utf8))
        try assertQuiet(proxy)
    }
}
