import ProxyCore
import Synchronization
import XCTest

/// The life of a target's token, as the service's calls see it.
final class EgressTokenTests: ProxyTestCase {
    /// A target that accepts only this token, at first or from some request on.
    private static func picky(_ accepted: String, challenge: String = #"Bearer error="invalid_token""#) throws
        -> ScriptedUpstream
    {
        try ScriptedUpstream { talk in
            while let request = try talk.nextRequest() {
                if request.field("Authorization") == "Bearer \(accepted)" {
                    try talk.answer()
                } else {
                    try talk.answer("401 Unauthorized", body: "no", "WWW-Authenticate: \(challenge)")
                }
            }
        }
    }

    func testATokenIsRenewedAheadOfItsEnd() throws {
        let tokens = try TokenServer(.grants(lifetime: 2))
        let target = try ScriptedUpstream()
        let egress = try EgressFixture(EgressFixture.target(target, tokens))
        XCTAssertEqual(try egress.get().status, 200)
        let patience = Patience(until: .never, cancel: try WakeUp())
        // No call fails meanwhile, whichever token it carries.
        for _ in 0..<2000 where tokens.requests.count < 3 {
            XCTAssertEqual(try egress.get().status, 200)
            try patience.atMost(.milliseconds(10)).awaitDeadline()
        }
        XCTAssertGreaterThanOrEqual(tokens.requests.count, 3)
        XCTAssertGreaterThan(Set(target.requests.compactMap { $0.field("Authorization") }).count, 1)
    }

    func testATokenThatIsRefusedIsRenewedAndTheCallSentOnceMore() throws {
        let tokens = try TokenServer()
        let target = try Self.picky("token-2")
        let egress = try EgressFixture(EgressFixture.target(target, tokens))
        XCTAssertEqual(try egress.get("/a").status, 200)
        XCTAssertEqual(target.requests.map(\.target), ["/a", "/a"])
        XCTAssertEqual(
            target.requests.map { $0.field("Authorization") }, ["Bearer token-1", "Bearer token-2"])
        // All else is as it was.
        let rest = target.requests.map { $0.fieldLines.filter { !$0.hasPrefix("Authorization") } }
        XCTAssertEqual(rest[0], rest[1])
        XCTAssertEqual(tokens.requests.count, 2)
        try egress.logged("token_refused")
        try AdminClient(egress.proxy).awaitMetrics([
            "scopeproxy_egress_token_retries_total": 1,
            "scopeproxy_egress_tokens_refused_total{target=\"api.test\"}": 1,
            "scopeproxy_egress_calls_total{target=\"api.test\",decision=\"allowed\",reason=\"\"}": 1,
        ])
        XCTAssertEqual(try egress.get("/b").status, 200)
        XCTAssertEqual(tokens.requests.count, 2)
    }

    func testBodiesThatAreStillAtHandAreSentOnceMore() throws {
        let large = String(repeating: "y", count: 20_000)
        for (request, body) in [
            (RequestText.of("POST", "/", body: ""), ""), (RequestText.of("POST", "/", body: "small"), "small"),
            (RequestText.of("POST", "/", body: large), large),
            ("POST / HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", "ab"),
        ] {
            let tokens = try TokenServer()
            let target = try Self.picky("token-2")
            let egress = try EgressFixture(EgressFixture.target(target, tokens))
            // The body has come whole before the call is sent on, as there was no token yet or just one.
            XCTAssertEqual(try egress.call(request).status, 200, "\(body.count)")
            XCTAssertEqual(target.requests.map(\.text), [body, body])
        }
    }

    func testAStreamedBodyIsNotSentAgain() throws {
        let tokens = try TokenServer()
        let target = try Self.picky("token-2")
        let egress = try EgressFixture(EgressFixture.target(target, tokens))
        try egress.logged("token_obtained")
        let client = try egress.client()
        try client.send("POST / HTTP/1.1\r\nHost: api.test\r\nContent-Length: 6\r\n\r\nabc")
        try target.awaitBytes(0)
        try client.send("def")
        let answer = try client.response(to: "POST")
        XCTAssertEqual(answer.status, 401)
        XCTAssertEqual(answer.text, "no")
        XCTAssertEqual(answer.field("WWW-Authenticate"), #"Bearer error="invalid_token""#)
        XCTAssertEqual(target.requests.count, 1)
        // The next one fares better.
        try AdminClient(egress.proxy).awaitMetrics([
            "scopeproxy_egress_token_fetches_total{target=\"api.test\"}": 2
        ])
        XCTAssertEqual(try egress.get().status, 200)
    }

    func testOtherRefusalsAreNotOurs() throws {
        for challenge in [#"Bearer error="insufficient_scope""#, "Bearer", #"Basic realm="invalid_token""#] {
            let tokens = try TokenServer()
            let target = try Self.picky("none", challenge: challenge)
            let egress = try EgressFixture(EgressFixture.target(target, tokens))
            XCTAssertEqual(try egress.get().status, 401, challenge)
            XCTAssertEqual(target.requests.count, 1)
            XCTAssertEqual(tokens.requests.count, 1)
        }
    }

    func testATargetThatRefusesEveryTokenCausesOneRenewal() throws {
        let tokens = try TokenServer()
        let target = try Self.picky("none")
        let egress = try EgressFixture(EgressFixture.target(target, tokens))
        for _ in 0..<20 { XCTAssertEqual(try egress.get().status, 401) }
        XCTAssertEqual(tokens.requests.count, 2)
        XCTAssertEqual(target.requests.count, 21)
        XCTAssertEqual(try egress.get().field("WWW-Authenticate"), #"Bearer error="invalid_token""#)
    }

    func testARefusalStandsWhenThereIsNoOtherToken() throws {
        let tokens = try TokenServer()
        let target = try Self.picky("token-2")
        let egress = try EgressFixture(EgressFixture.target(target, tokens))
        try egress.logged("token_obtained")
        tokens.behave(.answers("500 Internal Server Error", body: ""))
        let client = try egress.client()
        for _ in 0..<3 {
            try client.send("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n")
            let answer = try client.response()
            XCTAssertEqual(answer.status, 401)
            XCTAssertEqual(answer.text, "no")
        }
        XCTAssertEqual(try egress.logged("token_not_obtained")["token_kept"], "yes")
    }

    func testManyRefusedCallsShareOneRenewal() throws {
        let tokens = try TokenServer()
        let target = try Self.picky("token-2")
        let egress = try EgressFixture(EgressFixture.target(target, tokens), workers: 2)
        try egress.logged("token_obtained")
        let clients = try (0..<20).map { _ in try egress.client() }
        for client in clients { try client.send("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n") }
        for client in clients { XCTAssertEqual(try client.response().status, 200) }
        XCTAssertEqual(tokens.requests.count, 2)
    }

    func testCallersThatGoWhileATokenIsRenewedLeaveNothing() throws {
        let tokens = try TokenServer()
        let target = try Self.picky("token-2")
        let egress = try EgressFixture(EgressFixture.target(target, tokens))
        try egress.logged("token_obtained")
        tokens.behave(.hangs)
        let client = try egress.client()
        try client.send("GET / HTTP/1.1\r\nHost: api.test\r\n\r\n")
        _ = try target.request(0)
        try AdminClient(egress.proxy).awaitMetrics(["scopeproxy_egress_calls_waiting": 1])
        client.connection.reset()
        try AdminClient(egress.proxy).awaitMetrics([
            "scopeproxy_egress_calls_waiting": 0, "scopeproxy_egress_connections": 0,
        ])
    }

    func testWithoutATokenTheReasonIsTold() throws {
        for (status, body, cause) in [
            ("401 Unauthorized", #"{"error":"invalid_client"}"#, "invalid_client"),
            ("200 OK", "{}", "malformed_answer"), ("503 Unavailable", "", "status"),
        ] {
            let tokens = try TokenServer(.answers(status, body: body))
            let target = try ScriptedUpstream()
            let egress = try EgressFixture(EgressFixture.target(target, tokens))
            let answer = try egress.get()
            XCTAssertEqual(answer.status, 502)
            XCTAssertEqual(answer.code, "token_unavailable")
            XCTAssertEqual(answer.json("cause")?.string, cause)
            XCTAssertEqual(target.requests.count, 0)
            let line = try egress.logged("token_not_obtained")
            XCTAssertEqual(line["cause"], cause)
            XCTAssertEqual(line["token_kept"], "no")
            try egress.assertSilent(about: ["s3cr3t"])
        }
    }

    func testWaitingHasItsBounds() throws {
        let tokens = try TokenServer(.hangs)
        let target = try ScriptedUpstream()
        let egress = try EgressFixture(
            EgressFixture.target(target, tokens, "\"wait_seconds\": 0.2"), "\"limits\": {\"parked_requests\": 1}")
        let first = try egress.client()
        try first.send("GET /1 HTTP/1.1\r\nHost: api.test\r\n\r\n")
        let second = try egress.client()
        try second.send("GET /2 HTTP/1.1\r\nHost: api.test\r\n\r\n")
        for client in [first, second] {
            let answer = try client.response()
            XCTAssertEqual(answer.status, 503)
            XCTAssertEqual(answer.code, "token_unavailable")
            XCTAssertEqual(answer.field("Retry-After"), "1")
        }
        try egress.proxy.log.entries.await("line") { $0["reason"] == "token_too_slow" }
        XCTAssertEqual(target.requests.count, 0)
    }

    func testASecretIsReadAnewWhenItsFileChanges() throws {
        let directory = TemporaryDirectory()
        directory.write("old\n", to: "secret")
        let tokens = try TokenServer(.grantsTo("client_secret=new", lifetime: 3600))
        let target = try ScriptedUpstream()
        let egress = try EgressFixture(
            """
            {"host": "api.test", "upstream": "\(target.url)", "wait_seconds": 20, "token": {
             "token_endpoint": "\(tokens.url)", "client_id": "daemon", "auth_method": "client_secret_post",
             "client_secret": "${file:\(directory.path("secret"))}"}}
            """)
        XCTAssertEqual(try egress.get().json("cause")?.string, "invalid_client")
        directory.write("new\n", to: "secret")
        try egress.logged("token_obtained")
        XCTAssertEqual(try egress.get().status, 200)
        XCTAssertTrue(tokens.requests[0].text.hasSuffix("client_secret=old"))
        // And while there is a token that is good: the new secret is tried at once.
        tokens.behave(.grantsTo("client_secret=newer", lifetime: 3600))
        directory.write("newer\n", to: "secret")
        try egress.logged("credentials_changed")
        try AdminClient(egress.proxy).answer("/metrics") { _ in
            tokens.requests.last?.text.hasSuffix("client_secret=newer") ?? false
        }
        XCTAssertEqual(try egress.get().status, 200)
    }

    func testTheEndpointComesBack() throws {
        let tokens = try TokenServer()
        let port = tokens.server.port
        let url = tokens.url
        tokens.server.stop()
        let target = try ScriptedUpstream()
        let egress = try EgressFixture(EgressFixture.target(target.url, url))
        XCTAssertEqual(try egress.get().json("cause")?.string, "connect")
        let again = try TokenServer(port: port)
        try egress.logged("token_obtained")
        XCTAssertEqual(try egress.get().status, 200)
        XCTAssertGreaterThan(again.requests.count, 0)
    }
}
