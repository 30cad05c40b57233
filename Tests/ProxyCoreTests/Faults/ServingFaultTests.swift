#if FAULT_INJECTION
    import ProxyCore
    import XCTest

    /// Every call that serving requests takes fails in every way; the proxy is a running one.
    final class ServingFaultTests: ProxyTestCase {
        private let signer = TestSigner()

        private func token(_ scope: String) -> String {
            let now = Clock.unixTime().seconds - 5
            let claims = ClaimsText(now: now).with("scope", "\"\(scope)\"").with("exp", "\(now + 86_400)")
            return String(decoding: signer.token(claims.text), as: UTF8.self)
        }

        func testGet() throws {
            try sweep("get", [FaultCall(method: "GET", path: "a", token: token("read"), status: 200, answer: "ok")])
        }

        func testKeptConnectionWithRefusals() throws {
            let good = token("read write")
            try sweep("pair", [
                FaultCall(method: "GET", path: "a", token: good, status: 200, answer: "ok"),
                FaultCall(method: "GET", path: "none", status: 401),
                FaultCall(method: "GET", path: "b", token: good, status: 200, answer: "ok"),
                FaultCall(method: "POST", path: "little", token: token("read"), status: 403),
                FaultCall(method: "GET", path: "c", token: good, status: 200, answer: "ok"),
            ])
        }

        func testBodies() throws {
            let good = token("read write")
            let large = String(repeating: "0123456789abcdef", count: 1024)
            try sweep("bodies", [
                FaultCall(
                    method: "POST", path: "length", token: good, fields: ["Content-Length: \(large.utf8.count)"],
                    body: large, status: 200, answer: large),
                FaultCall(
                    method: "POST", path: "chunked", token: good, fields: ["Transfer-Encoding: chunked"],
                    body: "4\r\nabcd\r\n3\r\nefg\r\n0\r\n\r\n", status: 200, answer: "abcdefg"),
            ])
        }

        /// Callers and upstream over TLS.
        func testTLS() throws {
            let files = TLSFiles(["api.example", "127.0.0.1"])
            let context = try TLSServerContext(
                identities: [files.certificates.identity(.server, ["upstream.example"])], clientCertificates: .none,
                tickets: TicketKeyRing())
            let upstream = try ScriptedUpstream(tls: context) { try Self.echo($0) }
            let address = """
                {"url": "\(upstream.url)",
                 "tls": {"ca_file": "\(files.directory.path("ca.pem"))", "server_name": "upstream.example"}}
                """
            let good = token("read write")
            try sweep(
                "tls", [
                    FaultCall(method: "GET", path: "a", token: good, status: 200, answer: "ok"),
                    FaultCall(
                        method: "POST", path: "length", token: good, fields: ["Content-Length: 7"], body: "abcdefg",
                        status: 200, answer: "abcdefg"),
                ], upstream, address: address, listen: files.listen(), tls: files.client())
        }

        private func sweep(
            _ name: String, _ calls: [FaultCall], _ upstream: ScriptedUpstream? = nil, address: String? = nil,
            listen: String = #""127.0.0.1:0""#, tls: TLSClientContext? = nil, line: UInt = #line
        ) throws {
            let upstream = try upstream ?? ScriptedUpstream { try Self.echo($0) }
            let injector = FaultInjector()
            let bench = try FaultBench(
                FaultConfiguration.text(address ?? "\"\(upstream.url)\"", signer, listen: listen), injector: injector)
            let conversation = FaultConversation(calls: calls, tls: tls)
            let probe = FaultConversation(calls: [calls[0]], tls: tls)
            var number = 0
            try FaultSweep(name).run(injector, line: line) { fault in
                number += 1
                injector.arm(fault)
                let problems = conversation.problems(bench.server.address, upstream, id: "case-\(number)", fault)
                injector.disarm()
                let afterwards = probe.problems(bench.server.address, upstream, id: "after-\(number)", nil)
                return try problems + afterwards.map { "afterwards: \($0)" } + bench.quietProblems()
            }
            bench.stop()
            upstream.stop()
        }

        /// Answers with the body that came, or `ok`, and does so in the framing in which it was asked.
        @Sendable static func echo(_ talk: ScriptedConversation) throws {
            while let request = try talk.nextRequest() {
                guard request.field("Transfer-Encoding") == nil else {
                    let chunks = request.body.map { "1\r\n\(Character(UnicodeScalar($0)))\r\n" }.joined()
                    try talk.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)0\r\n\r\n")
                    continue
                }
                try talk.answer(body: request.body.isEmpty ? "ok" : String(decoding: request.body, as: UTF8.self))
            }
        }
    }

    /// Configurations for proxies whose calls fail.
    enum FaultConfiguration {
        /// - Parameters:
        ///   - upstream: the JSON of it.
        ///   - keys: members of the issuer that tell where its keys are; by default they stand there.
        static func text(
            _ upstream: String, _ signer: TestSigner, keys: String? = nil, listen: String = #""127.0.0.1:0""#,
            _ more: String = ""
        ) -> String {
            """
            {
              "listen": \(listen), "workers": 1, "upstream": \(upstream),
              "issuers": [\(ProxyFixture.issuer(keys ?? "\"jwks\": {\"keys\": [\(signer.jwk())]}"))],
              "routes": [
                {"path": "/{case}/{rest...}", "methods": ["GET"], "scopes": ["read"]},
                {"path": "/{case}/{rest...}", "methods": ["POST"], "scopes": ["write"]}
              ]\(more.isEmpty ? "" : ", " + more)
            }
            """
        }
    }
#endif
