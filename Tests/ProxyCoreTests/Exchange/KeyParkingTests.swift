import ProxyCore
import XCTest

/// Requests that wait for a key: bounded in number, in order, and in nobody's way.
final class KeyParkingTests: XCTestCase {
    private static let routes = #"{"path": "/{path...}", "authenticated": true}"#

    private let known = TestSigner(keyID: "known")
    private let coming = TestSigner(keyID: "coming")
    private var upstream: ScriptedUpstream!
    private var keys: ScriptedUpstream!
    private var latch: Latch!
    private var proxy: ProxyFixture!

    /// A key server that answers its first request at once, and further ones when the latch is opened.
    override func setUpWithError() throws {
        upstream = try ScriptedUpstream()
        let latch = try Latch()
        self.latch = latch
        let (old, new) = (known.jwk(), known.jwk() + "," + coming.jwk())
        keys = try ScriptedUpstream { talk in
            while let request = try talk.nextRequest() {
                if request.number > 0 { latch.pass() }
                try talk.answer(body: "{\"keys\":[\(request.number > 0 ? new : old)]}", "Cache-Control: max-age=3600")
            }
        }
        let refresh = "\"wait_seconds\": 60, \"fetch_timeout_seconds\": 60"
        proxy = try ProxyFixture(
            upstream.url, routes: Self.routes, "\"limits\": {\"parked_requests\": 3}",
            issuers: KeyServer.issuer(keys.port, refresh))
        try proxy.log.entries.await { $0.event == "keys_changed" }
        while try proxy.answer(request(known)).status == 503 {}
    }

    override func tearDown() {
        latch.open()
        proxy = nil
        upstream = nil
        keys = nil
    }

    func testAllThatWaitAreServedByOneFetch() throws {
        let clients = try (0..<3).map { _ in try proxy.client() }
        for (number, client) in clients.enumerated() { try client.send(request(coming, "/\(number)")) }
        _ = try keys.request(1)
        try awaitSettled()
        latch.open()
        for client in clients { XCTAssertEqual(try client.response().status, 200) }
        XCTAssertEqual(keys.requests.count, 2)
        XCTAssertEqual(Set(upstream.requests.map(\.target)).subtracting(["/known"]), ["/0", "/1", "/2"])
    }

    func testTheirNumberIsBounded() throws {
        let clients = try (0..<3).map { _ in try proxy.client() }
        for client in clients { try client.send(request(coming)) }
        try awaitSettled()
        let response = try proxy.answer(request(coming))
        let expected = ProblemExpectation(
            503, "keys_unavailable", retryAfter: "1", reason: "too_many_parked")
        try expected.check(response, proxy, "one too many")
        XCTAssertEqual(try proxy.answer(request(known)).status, 200)
        latch.open()
        for client in clients { XCTAssertEqual(try client.response().status, 200) }
        XCTAssertEqual(try proxy.answer(request(coming)).status, 200, "their places are free again")
    }

    func testOneThatWaitsIsAnsweredInItsTurn() throws {
        let client = try proxy.client()
        let body = RequestText.of("POST", "/1", token: token(coming), body: "body")
        try client.send(request(known, "/0") + body + request(known, "/2") + RequestText.of("GET", "/3"))
        XCTAssertEqual(try client.response().status, 200)
        try awaitSettled()
        latch.open()
        XCTAssertEqual(try (0..<3).map { _ in try client.response().status }, [200, 200, 401])
        XCTAssertEqual(upstream.requests.filter { $0.target != "/known" }.map(\.target), ["/0", "/1", "/2"])
        XCTAssertEqual(upstream.requests.first { $0.target == "/1" }?.text, "body")
    }

    func testCallersThatLeaveMakeRoom() throws {
        let leaving = try (0..<3).map { _ in try proxy.client() }
        for client in leaving { try client.send(request(coming)) }
        try awaitSettled()
        for client in leaving { client.reset() }
        // Nobody is told when a place comes free: ask until there is one.
        let client = try proxy.client()
        var isParked = false
        for _ in 0..<10_000 where !isParked {
            try client.send(request(coming, "/late") + request(known, "/after"))
            try awaitSettled()
            isParked = client.hasNothing
            if isParked { break }
            XCTAssertEqual(try client.response().status, 503)
            XCTAssertEqual(try client.response().status, 200)
        }
        XCTAssertTrue(isParked)
        latch.open()
        XCTAssertEqual(try client.response().status, 200)
        XCTAssertEqual(try client.response().status, 200)
    }

    func testTheEndOfTheProxyDoesNotWaitForThem() throws {
        let client = try proxy.client()
        try client.send(request(coming))
        try awaitSettled()
        proxy.stop()
        XCTAssertEqual(try client.readToEnd().text, "")
    }

    private func token(_ signer: TestSigner) -> String { proxy.token(proxy.claims, signer: signer) }

    private func request(_ signer: TestSigner, _ target: String = "/known") -> String {
        RequestText.of("GET", target, token: token(signer))
    }

    /// Returns when the worker has seen everything that was sent before: the second round begins after the turn of the
    /// loop that the first one fell into.
    private func awaitSettled() throws {
        let client = try proxy.client()
        for _ in 0..<2 {
            try client.send(request(known))
            XCTAssertEqual(try client.response().status, 200)
        }
    }
}
