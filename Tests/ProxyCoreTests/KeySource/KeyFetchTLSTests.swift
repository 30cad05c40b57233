import ProxyCore
import Synchronization
import XCTest

/// Fetches over TLS.
final class KeyFetchTLSTests: XCTestCase {
    private let certificates = TestCertificates()
    private let directory = TemporaryDirectory()
    private let loopback = [IPAddress(v4: 0x7F00_0001)]

    func testEveryFramingOfADocument() throws {
        let table: [(String, String, Bool, String?)] = [
            ("Content-Length: 2", "{}", true, nil), ("Content-Length: 2", "{}", false, nil),
            ("Transfer-Encoding: chunked", "2\r\n{}\r\n0\r\n\r\n", false, nil), ("X: y", "{}", true, nil),
            // Nobody can tell whether that was all.
            ("X: y", "{}", false, "closed_early"), ("Content-Length: 3", "{}", true, "closed_early"),
            ("Content-Length: 3", "{}", false, "closed_early"),
            ("Transfer-Encoding: chunked", "2\r\n{}\r\n", true, "closed_early"),
        ]
        for (field, body, saysGoodbye, cause) in table {
            let server = try server { _ in
                .init(text: "HTTP/1.1 200 OK\r\n\(field)\r\n\r\n\(body)", saysGoodbye: saysGoodbye)
            }
            defer { server.stop() }
            let outcome = try fetch("https://localhost:\(server.port)/keys")
            XCTAssertEqual(failure(outcome)?.cause.description, cause, "\(field), \(saysGoodbye)")
            if cause == nil { XCTAssertEqual(try outcome.get().bytes, Array("{}".utf8)) }
            XCTAssertTrue(
                server.requests.values[0].hasPrefix("GET /keys HTTP/1.1\r\nHost: localhost:\(server.port)\r\n"))
        }
    }

    func testALargeDocument() throws {
        let document = String(repeating: "x", count: 1 << 20)
        let server = try server { $0 == "/more" ? .json(document + " ") : .json(document) }
        defer { server.stop() }
        XCTAssertEqual(try fetch("https://localhost:\(server.port)/").get().bytes.count, 1 << 20)
        XCTAssertEqual(failure(try fetch("https://localhost:\(server.port)/more")), .tooLarge)
    }

    func testACertificateThatIsNotAcceptedIsToldInWords() throws {
        let now = Clock.unixTime()
        let week: Int64 = 7 * 86_400
        let foreign = TestCertificates()
        let names = ["localhost"]
        let table: [(TLSIdentity, String, String)] = try [
            (foreign.identity(.server, names), "certificate_unknown_issuer", "which is not trusted"),
            (
                certificates.identity(
                    .server, names, notBefore: UnixTime(now.seconds - week), lifetime: .seconds(86_400)),
                "certificate_expired", "has expired on 2"
            ),
            (
                certificates.identity(.server, names, notBefore: UnixTime(now.seconds + week)),
                "certificate_not_yet_valid", "is the clock right?"
            ),
            (
                certificates.identity(.server, ["idp.example", "*.localhost"]), "certificate_name_mismatch",
                "the certificate is not for localhost but for idp.example, *.localhost"
            ),
            (certificates.identity(.client, names), "certificate_invalid", "is not made for this use"),
        ]
        for (identity, cause, words) in table {
            let server = try SecureServer(identity) { _ in .json("{}") }
            defer { server.stop() }
            let found = failure(try fetch("https://localhost:\(server.port)/"))
            XCTAssertEqual(found?.cause.description, cause)
            XCTAssertTrue(found?.message.contains(words) ?? false, found?.message ?? "accepted")
            XCTAssertTrue(server.requests.values.isEmpty, "a request went to a stranger")
        }
    }

    func testAnAddressHasToBeInTheCertificate() throws {
        let server = try server { _ in .json("{}") }
        defer { server.stop() }
        XCTAssertNil(failure(try fetch("https://127.0.0.1:\(server.port)/")))
        let found = failure(try fetch("https://127.0.0.2:\(server.port)/"))
        // Nobody listens there; the next one has no address in its certificate.
        XCTAssertEqual(found?.cause.description, "connect")
        let named = try SecureServer(try certificates.identity(.server, ["localhost"])) { _ in .json("{}") }
        defer { named.stop() }
        XCTAssertEqual(
            failure(try fetch("https://127.0.0.1:\(named.port)/"))?.cause.description, "certificate_name_mismatch")
    }

    func testWhoSpeaksNoTLS() throws {
        let table: [([ScriptedServer.Step], String, String)] = [
            ([.send("HTTP/1.1 400 Bad Request\r\n\r\n"), .hang], "tls", "the peer does not speak TLS"),
            ([.send("SSH-2.0-OpenSSH_9.2\r\n"), .hang], "tls", "the peer does not speak TLS"),
            ([.close], "tls", "the peer closed the connection during the handshake"),
            ([.reset], "connection_lost", "Connection reset by peer"),
            ([.hang], "tls", "the server took too long for the TLS handshake"),
        ]
        for (steps, cause, words) in table {
            let server = try ScriptedUpstream { talk in
                _ = try talk.connection.receive()
                for step in steps {
                    switch step {
                    case .send(let text): try talk.send(text)
                    case .reset: talk.reset()
                    case .hang: try talk.hang()
                    case .close, .sendBytes, .drip, .pause: return
                    }
                }
            }
            defer { server.stop() }
            let isHanging = steps.count == 1 && cause == "tls" && words.contains("too long")
            let outcome = try fetch(
                "https://localhost:\(server.port)/", timeout: isHanging ? .milliseconds(80) : .seconds(20))
            XCTAssertEqual(failure(outcome)?.cause.description, cause, words)
            XCTAssertTrue(failure(outcome)?.message.contains(words) ?? false, failure(outcome)?.message ?? "accepted")
        }
    }

    func testRedirectsNeverLeaveTLSOrTheServer() throws {
        let plain = try ScriptedServer { _ in KeySetText.response("[]") }
        defer { plain.stop() }
        let server = try server { target in
            switch target {
            case "/a": .redirect("b")
            case "/plain": .redirect("http://localhost:\(plain.port)/")
            case "/other": .redirect("https://127.0.0.1:1/")
            case "/port": .redirect("https://localhost:1/")
            case _: .json("{}")
            }
        }
        defer { server.stop() }
        let base = "https://localhost:\(server.port)"
        XCTAssertNil(failure(try fetch(base + "/a")))
        XCTAssertEqual(failure(try fetch(base + "/plain")), .redirect(.fromHTTPSToHTTP))
        XCTAssertEqual(failure(try fetch(base + "/other")), .redirect(.elsewhere(origin: "https://127.0.0.1:1")))
        XCTAssertEqual(failure(try fetch(base + "/port")), .redirect(.elsewhere(origin: "https://localhost:1")))
        XCTAssertEqual(plain.connections, 0)
        let upgrade = try ScriptedServer { _ in
            [.send("HTTP/1.1 301 There\r\nLocation: \(base)/b\r\nContent-Length: 0\r\n\r\n")]
        }
        defer { upgrade.stop() }
        XCTAssertNil(failure(try fetch("http://localhost:\(upgrade.port)/")))
    }

    func testTheNextAddressIsTriedWhateverIsWrongWithTheFirst() throws {
        let good = try server { _ in .json("{}") }
        defer { good.stop() }
        let foreign = try SecureServer(try TestCertificates().identity(.server, ["idp.example"])) { _ in .json("[]") }
        defer { foreign.stop() }
        let silent = try ScriptedUpstream { try $0.hang() }
        defer { silent.stop() }
        let closing = try ScriptedUpstream { _ in }
        defer { closing.stop() }
        let gone = try ScriptedServer { _ in [] }
        gone.stop()
        for first in [foreign.port, silent.port, closing.port, gone.port] {
            XCTAssertNil(failure(try fetch("https://idp.example/", ports: [first, good.port], timeout: .seconds(2))))
        }
        // The certificate tells more than the address that nobody is at, whichever comes first.
        for ports in [[foreign.port, gone.port], [gone.port, foreign.port]] {
            let found = failure(try fetch("https://idp.example/", ports: ports))
            XCTAssertEqual(found?.cause.description, "certificate_unknown_issuer")
        }
        XCTAssertTrue(foreign.requests.values.isEmpty)
        let none = failure(
            try fetch("https://idp.example/", ports: [silent.port, silent.port], timeout: .milliseconds(500)))
        XCTAssertEqual(none, .handshakeTimeout)
    }

    func testAnAddressThatSwallowsEverythingHasOnlyItsShare() throws {
        let plain = try ScriptedServer { _ in KeySetText.response("{}") }
        defer { plain.stop() }
        let gone = try ScriptedServer { _ in [] }
        gone.stop()
        XCTAssertNil(failure(try fetch("http://idp.example/", ports: [gone.port, plain.port])))
    }

    func testThroughAProxyTheServerIsStillTheOneThatIsBelieved() throws {
        let server = try server { _ in .json("{}") }
        defer { server.stop() }
        let proxy = try TunnelProxy(to: server.port)
        defer { proxy.stop() }
        let environment = ["HTTPS_PROXY": "http://u:p@127.0.0.1:\(proxy.port)"]
        XCTAssertNil(failure(try fetch("https://idp.example/keys", environment: environment)))
        XCTAssertTrue(server.requests.values[0].hasPrefix("GET /keys HTTP/1.1\r\nHost: idp.example\r\n"))
        XCTAssertFalse(server.requests.values[0].contains("Proxy-"), "the server learns nothing of the proxy")
        XCTAssertTrue(proxy.requests.values[0].hasPrefix("CONNECT idp.example:443 HTTP/1.1\r\n"))
        XCTAssertTrue(proxy.requests.values[0].contains("\r\nProxy-Authorization: Basic dTpw\r\n"))
        let found = failure(try fetch("https://other.example/keys", environment: environment))
        XCTAssertEqual(found?.cause.description, "certificate_name_mismatch")
        XCTAssertEqual(server.requests.values.count, 1)
    }

    func testTheFileOfAuthorities() throws {
        let server = try server { _ in .json("{}") }
        defer { server.stop() }
        let url = "https://localhost:\(server.port)/"
        let foreign = TestCertificates().authority.pem
        let table: [(String, String?, String)] = [
            ("missing.pem", nil, "the file of ca_file cannot be read: No such file or directory"),
            ("empty.pem", "", "the file of ca_file holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"),
            ("text.pem", "hello", "the file of ca_file holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"),
            (
                "bad.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                "the file of ca_file holds a certificate that cannot be read"
            ),
            (".", nil, "what ca_file names is not a regular file"),
        ]
        for (name, text, message) in table {
            if let text { directory.write(text, to: name) }
            let found = failure(try fetch(url, caFile: directory.path(name)))
            XCTAssertEqual(found?.cause.description, "ca_file")
            XCTAssertEqual(found?.message, message)
        }
        // The system's authorities do not count beside those of the file, nor without one of them.
        let path = directory.write(String(decoding: foreign, as: UTF8.self), to: "ca.pem")
        XCTAssertEqual(failure(try fetch(url, caFile: path))?.cause.description, "certificate_unknown_issuer")
        directory.write(String(decoding: foreign + certificates.authority.pem, as: UTF8.self), to: "ca.pem")
        XCTAssertNil(failure(try fetch(url, caFile: path)))
        let access = KeyAccess(proxies: .none, userAgent: "x")
        let fetch = KeyFetch(.keySet, from: try KeyLocation(url), access)
        let patience = Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(20))
        XCTAssertThrowsError(try fetch.run(patience)) { error in
            XCTAssertEqual((error as? KeyFetchFailure)?.cause.description, "certificate_unknown_issuer")
        }
    }

    func testDiscoveryOverTLS() throws {
        let port = Mutex<UInt16>(0)
        let server = try server { target in
            let base = "https://localhost:\(port.withLock { $0 })"
            return target == "/.well-known/oauth-authorization-server/t"
                ? .json("{\"issuer\":\"\(base)/t\",\"jwks_uri\":\"\(base)/keys\"}") : .json(KeySetText.with("a"))
        }
        defer { server.stop() }
        port.withLock { $0 = server.port }
        let issuer = "https://localhost:\(server.port)/t"
        let discovery = try KeyDiscovery(issuer: issuer, allowsInsecure: false)
        var download = KeyDownload(from: .discovery(discovery), try access(), KeySchedule(KeyRefresh()))
        let result = try download.run(Patience(until: .never, cancel: try WakeUp()))
        XCTAssertEqual(result.location.text, "https://localhost:\(server.port)/keys")
        XCTAssertEqual(server.requests.values.count, 2)
    }

    func testAFetchCanBeBrokenOffInTheHandshake() throws {
        let cancel = try WakeUp()
        let server = try ScriptedUpstream { talk in
            _ = try talk.connection.receive()
            cancel.signal()
            try talk.hang()
        }
        defer { server.stop() }
        let fetch = KeyFetch(.keySet, from: try KeyLocation("https://localhost:\(server.port)/"), try access())
        XCTAssertThrowsError(try fetch.run(Patience(until: .never, cancel: cancel))) { error in
            XCTAssertEqual(error as? KeyFetchFailure, .cancelled)
        }
    }

    // MARK: -

    private typealias Outcome = Result<KeyFetch.Document, KeyFetchFailure>

    private func server(_ answer: @escaping @Sendable (String) -> SecureServer.Answer) throws -> SecureServer {
        try SecureServer(
            try certificates.identity(.server, ["localhost", "idp.example"], addresses: loopback), answer)
    }

    private func access(caFile: String? = nil, environment: [String: String] = [:]) throws -> KeyAccess {
        let pem = String(decoding: certificates.authority.pem, as: UTF8.self)
        let file = caFile ?? directory.write(pem, to: "authority.pem")
        return KeyAccess(
            caFile: file, proxies: ForwardProxySettings { environment[$0] }, userAgent: "scopeproxy/test")
    }

    /// - Parameter ports: what the host's name stands for, on this machine; nil to ask the system.
    private func fetch(
        _ url: String, caFile: String? = nil, environment: [String: String] = [:], ports: [UInt16]? = nil,
        timeout: Interval = .seconds(20)
    ) throws -> Outcome {
        var access = try access(caFile: caFile, environment: environment)
        if let ports {
            access.lookUp = { _, _, _ in ports.map { .ip(IPAddress(v4: 0x7F00_0001), port: $0) } }
        }
        let fetch = KeyFetch(.keySet, from: try KeyLocation(url), access)
        let patience = Patience(until: .never, cancel: try WakeUp()).atMost(timeout)
        return Outcome { () throws(KeyFetchFailure) in try fetch.run(patience) }
    }

    private func failure(_ outcome: Outcome) -> KeyFetchFailure? {
        guard case .failure(let failure) = outcome else { return nil }
        return failure
    }
}
