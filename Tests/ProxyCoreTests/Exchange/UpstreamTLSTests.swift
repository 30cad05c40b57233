import ProxyCore
import XCTest

/// An upstream that is reached by TLS, through the whole proxy.
final class UpstreamTLSTests: XCTestCase {
    private let certificates = TestCertificates()

    func testRequestsGoThrough() throws {
        let upstream = try upstream { talk in
            while let request = try talk.nextRequest() { try talk.answer(body: "got \(request.body.count)") }
        }
        let proxy = try proxy(upstream)
        let client = try proxy.client()
        let body = String(repeating: "x", count: 300_000)
        for _ in 0..<3 {
            try client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body)
            XCTAssertEqual(try client.response(to: "POST").text, "got 300000")
        }
        XCTAssertEqual(upstream.connections, 1)
        XCTAssertEqual(upstream.handshakes, [false])
    }

    func testALargeAnswerComesWhole() throws {
        let size = 3_000_000
        let upstream = try upstream { talk in
            _ = try talk.nextRequest()
            try talk.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
            try talk.send([UInt8](repeating: 0x61, count: size))
            try talk.awaitEnd()
        }
        let response = try proxy(upstream).answer(RequestText.of("GET", "/x"))
        XCTAssertEqual(response.body.count, size)
    }

    func testNewConnectionsResumeASession() throws {
        let upstream = try upstream { talk in
            _ = try talk.nextRequest()
            try talk.answer("200 OK", body: "ok", "Connection: close")
        }
        let proxy = try proxy(upstream)
        for _ in 0..<3 { XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/x")).status, 200) }
        XCTAssertEqual(upstream.handshakes, [false, true, true])
    }

    func testCertificatesThatAreNotBelieved() throws {
        let stranger = TestCertificates()
        let past = UnixTime(Clock.unixTime().seconds - 3 * 86_400)
        let rows: [(name: String, identity: TLSIdentity, words: String)] = [
            (
                "another name", try certificates.identity(.server, ["other.example"]),
                "not for 127.0.0.1 but for other.example"
            ),
            ("unknown issuer", try stranger.identity(.server, [], addresses: [loopback]), "not trusted"),
            (
                "expired", try certificates.identity(.server, [], addresses: [loopback], notBefore: past),
                "has expired on"
            ),
            ("of a client", try certificates.identity(.client, [], addresses: [loopback]), "not made for this use"),
        ]
        for row in rows {
            let upstream = try upstream(row.identity)
            let proxy = try proxy(upstream)
            let response = try proxy.answer(RequestText.of("GET", "/x"))
            XCTAssertEqual(response.status, 502, row.name)
            XCTAssertTrue(response.text.contains("\"upstream_tls_failed\""), row.name)
            XCTAssertFalse(response.text.contains("example"), "\(row.name): the caller learns no names")
            let line = try proxy.logged(path: "/x")
            XCTAssertEqual(line["reason"], "upstream_tls_failed", row.name)
            XCTAssertTrue(line["detail"]?.contains(row.words) ?? false, "\(row.name): \(line["detail"] ?? "")")
            XCTAssertEqual(upstream.requests.count, 0, row.name)
            XCTAssertTrue(upstream.received.allSatisfy(\.isEmpty), "\(row.name): not a byte of a request")
        }
    }

    func testServerNameIsWhatTheCertificateIsFor() throws {
        let upstream = try upstream(certificates.identity(.server, ["other.example"]))
        let proxy = try proxy(upstream, #""server_name": "other.example""#)
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/x")).status, 200)
    }

    func testAnUpstreamThatSpeaksNoTLS() throws {
        let plain = try ScriptedUpstream { talk in
            try talk.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            try talk.awaitEnd()
        }
        let proxy = try proxy(plain)
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/x")).status, 502)
        let detail = try proxy.logged(path: "/x")["detail"]
        XCTAssertEqual(detail, "the peer does not speak TLS")
    }

    func testAClientCertificateIsShown() throws {
        let files = TemporaryDirectory()
        let issued = certificates.issue(.client, ["proxy.example"])
        let certificate = files.write(String(decoding: issued.certificate, as: UTF8.self), to: "client.pem")
        let key = files.write(String(decoding: issued.privateKey, as: UTF8.self), to: "client.key")
        let upstream = try upstream(clientCertificates: .required(certificates.trust))
        let without = try proxy(upstream)
        XCTAssertEqual(try without.answer(RequestText.of("GET", "/x")).status, 502)
        let detail = try without.logged(path: "/x")["detail"]
        XCTAssertTrue(detail?.contains("certificate_required") ?? false, detail ?? "")
        let with = try proxy(
            upstream,
            "\"certificate\": \"\(certificate)\", \"private_key\": \"\(key)\"")
        XCTAssertEqual(try with.answer(RequestText.of("GET", "/x")).status, 200)
    }

    func testABodyUntilTheEndNeedsTheWordThatEndsTLS() throws {
        let upstream = try upstream { talk in
            let request = try talk.nextRequest()
            try talk.send("HTTP/1.1 200 OK\r\n\r\nall there is")
            if request?.target == "/cut" { talk.connection.closeSilently() }
        }
        let proxy = try proxy(upstream)
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/whole")).text, "all there is")
        let client = try proxy.client()
        try client.send(RequestText.of("GET", "/cut"))
        _ = try client.responseHead()
        XCTAssertThrowsError(try client.connection.readChunked(), "a cut body must not look whole")
        XCTAssertEqual(try proxy.logged(path: "/cut")["reason"], "upstream_truncated")
    }

    func testAKeptConnectionThatHasGoneIsReplaced() throws {
        let upstream = try upstream { talk in
            while let request = try talk.nextRequest() {
                if talk.number == 0, request.number == 1 { return talk.connection.closeSilently() }
                try talk.answer(body: "\(talk.number)")
            }
        }
        let proxy = try proxy(upstream)
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/1")).text, "0")
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/2")).text, "1")
    }

    func testWhatComesUnaskedEndsAConnectionAtRest() throws {
        let sent = Recorder<Bool>()
        let upstream = try upstream { talk in
            while let request = try talk.nextRequest() {
                try talk.answer(body: "\(talk.number)")
                guard request.number == 0 else { continue }
                try talk.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
                sent.record(true)
            }
        }
        let proxy = try proxy(upstream)
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/1")).text, "0")
        try sent.await { $0 }
        XCTAssertEqual(try proxy.answer(RequestText.of("POST", "/2")).text, "1")
    }

    func testTunnels() throws {
        let upstream = try upstream { try $0.switchEach() }
        let proxy = try proxy(upstream)
        let client = try proxy.client()
        try client.send(RequestText.webSocket("/"))
        XCTAssertEqual(try client.responseHead().status, 101)
        let bytes = [UInt8](repeating: 0x7A, count: 200_000)
        try client.send(bytes)
        XCTAssertEqual(try client.read(bytes.count), bytes)
        client.endSending()
        try client.assertClosed()
    }

    func testATunnelThatIsCutLooksCut() throws {
        let upstream = try upstream { talk in
            _ = try talk.nextRequest()
            try talk.switchProtocols(then: "hello")
            try talk.awaitEnd()
        }
        let proxy = try proxy(upstream)
        let client = try proxy.client()
        try client.send(RequestText.webSocket("/"))
        _ = try client.responseHead()
        _ = try client.read(5)
        client.reset()
        XCTAssertNotEqual(try upstream.end(), .closed)
    }

    func testAHandshakeThatDoesNotEnd() throws {
        let silent = try ScriptedUpstream { try $0.awaitEnd() }
        let proxy = try proxy(silent, "", "\"timeouts\": {\"upstream_connect_seconds\": 0.1}")
        let response = try proxy.answer(RequestText.of("GET", "/x"))
        XCTAssertEqual(response.status, 504)
        XCTAssertEqual(try proxy.logged(path: "/x")["reason"], "upstream_connect_timeout")
    }

    // MARK: - Fixtures

    private let loopback = IPAddress(v4: 0x7F00_0001)

    private func upstream(
        _ identity: TLSIdentity? = nil, clientCertificates: ClientCertificates = .none,
        _ script: @escaping ScriptedUpstream.Script = { try $0.answerEach() }
    ) throws -> ScriptedUpstream {
        let identity = try identity ?? certificates.identity(.server, [], addresses: [loopback])
        let context = try TLSServerContext(
            identities: [identity], clientCertificates: clientCertificates, tickets: TicketKeyRing())
        return try ScriptedUpstream(tls: context, script)
    }

    /// A proxy before `upstream`, which it believes when one of `certificates` says so.
    private func proxy(_ upstream: ScriptedUpstream, _ tls: String = "", _ more: String = "") throws -> ProxyFixture {
        let files = TemporaryDirectory()
        let authority = files.write(String(decoding: certificates.authority.pem, as: UTF8.self), to: "ca.pem")
        let object = """
            {"url": "https://127.0.0.1:\(upstream.port)",
             "tls": {"ca_file": "\(authority)"\(tls.isEmpty ? "" : ", " + tls)}}
            """
        return try ProxyFixture(object, routes: #"{"path": "/{path...}", "public": true}"#, more)
    }
}
