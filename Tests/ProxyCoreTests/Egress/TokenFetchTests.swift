import ProxyCore
import XCTest

/// One request to a token endpoint, by every way to authenticate.
final class TokenFetchTests: XCTestCase {
    private typealias Outcome = Result<TokenAnswer, TokenFailure>

    private let directory = TemporaryDirectory()
    private let never = try? WakeUp()

    // MARK: - What is asked

    func testBasicCredentialsAreFormEncodedFirst() throws {
        let server = try TokenServer()
        var client = try client(server.url, .secretBasic(.environment(value: "s3cr3t/+ ü:")), id: "my client:1")
        client.scopes = ["orders:read", "b"]
        client.audience = "https://api.example.com/"
        client.resources = ["https://a.example/x?y", "urn:b"]
        XCTAssertEqual(String(decoding: try fetch(client).get().token, as: UTF8.self), "token-1")
        let request = server.requests[0]
        XCTAssertEqual(request.startLine, "POST /oauth/token HTTP/1.1")
        XCTAssertEqual(request.field("Content-Type"), "application/x-www-form-urlencoded")
        XCTAssertEqual(request.field("Accept"), "application/json")
        XCTAssertEqual(request.field("Host"), "127.0.0.1:\(server.server.port)")
        let expected = Array("my%20client%3A1:s3cr3t%2F%2B%20%C3%BC%3A".utf8)
        let encoded = String(decoding: Base64.encode(expected.span), as: UTF8.self)
        XCTAssertEqual(request.fields("Authorization"), ["Basic \(encoded)"])
        XCTAssertEqual(
            request.text,
            "grant_type=client_credentials&scope=orders%3Aread+b&audience=https%3A%2F%2Fapi.example.com%2F"
                + "&resource=https%3A%2F%2Fa.example%2Fx%3Fy&resource=urn%3Ab")
    }

    func testASecretInTheContent() throws {
        let server = try TokenServer()
        let path = directory.write("from a file\n", to: "secret")
        _ = try fetch(try client(server.url, .secretPost(.file(path)))).get()
        XCTAssertEqual(
            server.requests[0].text, "grant_type=client_credentials&client_id=daemon&client_secret=from+a+file")
        XCTAssertNil(server.requests[0].field("Authorization"))
    }

    func testASignedAssertion() throws {
        for kind in PrivateKey.Kind.allCases {
            let server = try TokenServer()
            let signer = TestSigner(kind, keyID: "k1")
            let pem = signer.key.pem
            let path = directory.write(pem.span.text, to: "key.pem")
            _ = try fetch(try client(server.url, .privateKeyJWT(file: path, keyID: "k1"))).get()
            let form = Form(server.requests[0].text)
            XCTAssertEqual(form["client_id"], "daemon")
            XCTAssertEqual(
                form["client_assertion_type"], "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer")
            let parts = try XCTUnwrap(form["client_assertion"]).split(separator: ".").map(String.init)
            let header = try json(parts[0])
            XCTAssertEqual(header["alg"]?.string, "\(signer.algorithm.name)")
            XCTAssertEqual(header["kid"]?.string, "k1")
            let claims = try json(parts[1])
            XCTAssertEqual(claims["iss"]?.string, "daemon")
            XCTAssertEqual(claims["sub"]?.string, "daemon")
            XCTAssertEqual(claims["aud"]?.string, server.url)
            XCTAssertEqual(claims["exp"]?.integer, (claims["iat"]?.integer ?? 0) + 120)
            XCTAssertGreaterThan(claims["jti"]?.string?.count ?? 0, 15)
            let key = try XCTUnwrap(PublicKey(signer.key.material))
            let input = Array("\(parts[0]).\(parts[1])".utf8)
            let encoded = Array(parts[2].utf8)
            let signature = try XCTUnwrap(Base64URL.decode(encoded.span))
            XCTAssertTrue(key.verify(signer.algorithm, signingInput: input.span, signature: signature.span))
        }
    }

    func testACertificateIsShown() throws {
        let certificates = TestCertificates()
        let identity = try certificates.identity(.server, ["localhost"])
        let context = try TLSServerContext(
            identities: [identity], clientCertificates: .required(certificates.trust), tickets: TicketKeyRing())
        let server = try ScriptedUpstream(tls: context) { talk in
            guard try talk.nextRequest() != nil else { return }
            try talk.answer(body: #"{"access_token":"bound","token_type":"Bearer"}"#)
        }
        let issued = certificates.issue(.client, ["daemon.example"])
        let certificate = directory.write(String(decoding: issued.certificate, as: UTF8.self), to: "client.pem")
        let key = directory.write(String(decoding: issued.privateKey, as: UTF8.self), to: "client.key")
        var access = KeyAccess.test
        access.caFile = directory.write(String(decoding: certificates.authority.pem, as: UTF8.self), to: "ca.pem")
        let url = "https://localhost:\(server.port)/token"
        var client = try client(url, .certificate(file: certificate, keyFile: key))
        client.access = access
        XCTAssertEqual(String(decoding: try fetch(client).get().token, as: UTF8.self), "bound")
        XCTAssertEqual(server.requests[0].text, "grant_type=client_credentials&client_id=daemon")
        // Without one, nobody is let in.
        client.proof = .secretBasic(.environment(value: "x"))
        XCTAssertNotNil(failure(try fetch(client)))
        XCTAssertEqual(server.requests.count, 1)
    }

    // MARK: - Discovery

    func testTheEndpointIsDiscoveredOnceForAWhile() throws {
        let server = try ScriptedServer { request in
            let base = "http://\(request.field("Host") ?? "")"
            switch request.target {
            case "/.well-known/oauth-authorization-server":
                return .json("{\"issuer\":\"\(base)\",\"token_endpoint\":\"\(base)/t\",\"jwks_uri\":\"\(base)/k\"}")
            case "/t": return .json(#"{"access_token":"a","token_type":"Bearer"}"#)
            case _: return .json("{}")
            }
        }
        let issuer = try KeyDiscovery(issuer: "http://127.0.0.1:\(server.port)", allowsInsecure: false)
        let client = TokenClient(
            endpoint: .discovery(issuer), id: "daemon", proof: .secretBasic(.environment(value: "x")), access: .test)
        var fetch = TokenFetch(client)
        for _ in 0..<2 { _ = try fetch.run(Patience(until: .never, cancel: XCTUnwrap(never))) }
        XCTAssertEqual(server.requests.map(\.target), ["/.well-known/oauth-authorization-server", "/t", "/t"])
    }

    func testMetadataThatLeadsNowhere() throws {
        let table: [(String, String)] = [
            ("{\"issuer\":\"BASE\"}", "bad_metadata"), ("{\"issuer\":\"BASE\",\"token_endpoint\":7}", "bad_metadata"),
            ("{\"issuer\":\"BASE\",\"token_endpoint\":\"/t\"}", "bad_metadata"),
            ("{\"issuer\":\"BASE\",\"token_endpoint\":\"http://idp.example/t\"}", "bad_metadata"),
            ("{\"issuer\":\"http://other.example\",\"token_endpoint\":\"BASE/t\"}", "issuer_differs"),
            ("[]", "issuer_differs"),
        ]
        for (document, cause) in table {
            let server = try ScriptedServer { request in
                let base = "http://\(request.field("Host") ?? "")"
                let parts = document.split(separator: "BASE", omittingEmptySubsequences: false)
                return .json(parts.joined(separator: base))
            }
            let issuer = try KeyDiscovery(issuer: "http://127.0.0.1:\(server.port)", allowsInsecure: false)
            let client = TokenClient(
                endpoint: .discovery(issuer), id: "daemon", proof: .secretBasic(.environment(value: "x")),
                access: .test)
            XCTAssertEqual(failure(try fetch(client))?.cause.description, cause, document)
            XCTAssertEqual(server.requests.count, 1, "credentials went to where nobody may ask: \(document)")
        }
    }

    // MARK: - What goes wrong

    func testAnswersThatAreNoTokens() throws {
        let table: [(String, String, String)] = [
            ("400 Bad Request", #"{"error":"invalid_scope"}"#, "invalid_scope"),
            ("401 Unauthorized", #"{"error":"invalid_client","error_description":"x"}"#, "invalid_client"),
            ("400 Bad Request", #"{"error":"invalid_request"}"#, "invalid_request"),
            ("400 Bad Request", #"{"error":"invalid_grant"}"#, "invalid_grant"),
            ("400 Bad Request", #"{"error":"unauthorized_client"}"#, "unauthorized_client"),
            ("400 Bad Request", #"{"error":"unsupported_grant_type"}"#, "unsupported_grant_type"),
            ("400 Bad Request", #"{"error":"invalid_target"}"#, "invalid_target"),
            ("403 Forbidden", #"{"error":"access_denied"}"#, "refused"), ("400 Bad Request", "{}", "status"),
            ("400 Bad Request", "<html>", "status"), ("404 Not Found", #"{"error":7}"#, "status"),
            ("500 Internal Server Error", #"{"error":"invalid_client"}"#, "status"), ("204 No Content", "", "status"),
            ("302 Found", "", "status"), ("200 OK", "<html>", "malformed_answer"), ("200 OK", "", "malformed_answer"),
            ("200 OK", #"{"error":"invalid_client"}"#, "malformed_answer"),
        ]
        for (status, body, cause) in table {
            let server = try TokenServer(.answers(status, body: body))
            let found = failure(try fetch(try client(server.url, .secretBasic(.environment(value: "hush")))))
            XCTAssertEqual(found?.cause.description, cause, "\(status) \(body)")
            XCTAssertFalse(found?.message.contains("hush") ?? true)
            XCTAssertEqual(server.requests.count, 1)
        }
    }

    func testWhatIsNoAnswer() throws {
        let table: [([ScriptedServer.Step], String)] = [
            ([.close], "closed_early"),
            ([.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"), .close], "closed_early"),
            ([.send("hello\r\n\r\n")], "bad_response"), ([.hang], "timeout"),
            ([.send("HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n")], "too_large"),
            (.json(String(repeating: " ", count: 65_537)), "too_large"),
            (.json("{}", "Content-Encoding: gzip\r\n"), "content_encoding"),
        ]
        for (steps, cause) in table {
            let server = try ScriptedServer { _ in steps }
            defer { server.stop() }
            var client = try client("http://127.0.0.1:\(server.port)/", .secretBasic(.environment(value: "x")))
            if cause == "timeout" { client.fetchTimeout = .milliseconds(300) }
            XCTAssertEqual(failure(try fetch(client))?.cause.description, cause)
        }
        let server = try ScriptedServer { _ in [] }
        let port = server.port
        server.stop()
        let client = try client("http://127.0.0.1:\(port)/", .secretBasic(.environment(value: "x")))
        XCTAssertEqual(failure(try fetch(client))?.cause.description, "connect")
    }

    func testCredentialsThatCannotBeRead() throws {
        let server = try TokenServer()
        let empty = directory.write("\n", to: "empty")
        let text = directory.write("no key", to: "text")
        let table: [(ClientProof, String)] = [
            (.secretBasic(.file(directory.path("missing"))), "cannot be read"),
            (.secretBasic(.file(empty)), "holds no secret"),
            (.secretBasic(.file(directory.path)), "not a regular file"),
            (.privateKeyJWT(file: text, keyID: nil), "holds no private key"),
            (.privateKeyJWT(file: directory.path("missing"), keyID: nil), "cannot be read"),
            (.certificate(file: text, keyFile: text), "holds no certificate"),
        ]
        for (proof, words) in table {
            let found = failure(try fetch(try client(server.url, proof)))
            XCTAssertEqual(found?.cause.description, "credentials", words)
            XCTAssertTrue(found?.message.contains(words) ?? false, found?.message ?? "")
        }
        XCTAssertTrue(server.requests.isEmpty)
    }

    // MARK: -

    private func client(_ url: String, _ proof: ClientProof, id: String = "daemon") throws -> TokenClient {
        TokenClient(endpoint: .address(try KeyLocation(url)), id: id, proof: proof, access: .test)
    }

    private func fetch(_ client: TokenClient) throws -> Outcome {
        var fetch = TokenFetch(client)
        let patience = Patience(until: .never, cancel: try XCTUnwrap(never)).atMost(.seconds(20))
        do throws(TokenFailure) { return .success(try fetch.run(patience)) } catch { return .failure(error) }
    }

    private func failure(_ outcome: Outcome) -> TokenFailure? {
        if case .failure(let failure) = outcome { return failure }
        return nil
    }

    private func json(_ encoded: String) throws -> JSONValue {
        let bytes = Array(encoded.utf8)
        return try JSONDocument(parsing: XCTUnwrap(Base64URL.decode(bytes.span))).root
    }

    /// The parameters of a form, as they are encoded.
    private struct Form {
        private let pairs: [[Substring]]

        init(_ text: String) { pairs = text.split(separator: "&").map { $0.split(separator: "=", maxSplits: 1) } }

        subscript(name: String) -> String? { pairs.first { $0[0] == name }.map { String($0[1]) } }
    }
}
