import ProxyCore
import XCTest

/// Guessing is slowed down, and nobody is locked out by a stranger.
final class GuessingTests: XCTestCase {
    private static let grant = IssuerFixture.grant
    private static let stranger = IPAddress("198.51.100.7")
    private static let other = IPAddress("192.0.2.2")

    private func guess(_ fixture: IssuerFixture, from peer: IPAddress?, client: String = "daemon") -> ServiceResponse {
        fixture.post(Self.grant, client: client, secret: "wrong", peer: peer)
    }

    func testAfterSomeFailuresFurtherOnesHaveToWaitLongerEachTime() throws {
        let fixture = try IssuerFixture()
        for _ in 0..<5 { XCTAssertEqual(guess(fixture, from: Self.stranger).status, 401) }
        var waits: [Int64] = []
        for _ in 0..<8 {
            let response = guess(fixture, from: Self.stranger)
            XCTAssertEqual(response.status, 429)
            XCTAssertEqual(try IssuerFixture.json(response)["error"]?.string, "temporarily_unavailable")
            let wait = try XCTUnwrap(response.value(of: "Retry-After").flatMap(Int64.init))
            waits.append(wait)
            // The right secret has to wait there as well, or waiting would tell which one it is.
            XCTAssertEqual(fixture.post(Self.grant, peer: Self.stranger).status, 429)
            fixture.now = UnixTime(fixture.now.seconds + wait)
            XCTAssertEqual(guess(fixture, from: Self.stranger).status, 401)
        }
        XCTAssertEqual(waits, [1, 2, 4, 8, 16, 32, 60, 60])
        // From everywhere else the client is served all the while.
        XCTAssertEqual(fixture.post(Self.grant, peer: Self.other).status, 200)
    }

    func testManyNamesFromOneAddress() throws {
        let fixture = try IssuerFixture(clients: [IssuerFixture.client(), IssuerFixture.client("late")])
        XCTAssertEqual(fixture.post(Self.grant, peer: Self.stranger).status, 200)
        for number in 0..<20 {
            XCTAssertEqual(guess(fixture, from: Self.stranger, client: "name-\(number)").status, 401)
        }
        XCTAssertEqual(guess(fixture, from: Self.stranger, client: "another").status, 429)
        // One that has been there before stays welcome; one that has not waits its turn.
        XCTAssertEqual(fixture.post(Self.grant, peer: Self.stranger).status, 200)
        XCTAssertEqual(fixture.post(Self.grant, client: "late", peer: Self.stranger).status, 429)
        fixture.now = UnixTime(fixture.now.seconds + 1)
        XCTAssertEqual(fixture.post(Self.grant, client: "late", peer: Self.stranger).status, 200)
    }

    func testSuccessForgetsFailures() throws {
        let fixture = try IssuerFixture()
        for _ in 0..<10 {
            for _ in 0..<4 { XCTAssertEqual(guess(fixture, from: Self.other).status, 401) }
            XCTAssertEqual(fixture.post(Self.grant, peer: Self.other).status, 200)
        }
    }

    func testOneNetworkOfIPv6IsOneAddress() throws {
        let fixture = try IssuerFixture()
        for number in 0..<5 {
            XCTAssertEqual(guess(fixture, from: IPAddress("2001:db8::\(number + 1)")).status, 401)
        }
        XCTAssertEqual(guess(fixture, from: IPAddress("2001:db8::77")).status, 429)
        XCTAssertEqual(guess(fixture, from: IPAddress("2001:db8:0:1::77")).status, 401)
    }

    func testFailuresAreForgottenAfterAWhileAndATableHasAnEnd() throws {
        let fixture = try IssuerFixture { $0.guesses.entriesMax = 100 }
        for _ in 0..<6 { _ = guess(fixture, from: Self.stranger) }
        XCTAssertEqual(guess(fixture, from: Self.stranger).status, 429)
        // However many come along, what is held of them is bounded.
        for number in 0..<1000 {
            let address = IPAddress(v4: 0x0A00_0000 + UInt32(number))
            XCTAssertEqual(guess(fixture, from: address).status, 401)
        }
        fixture.now = UnixTime(fixture.now.seconds + 2000)
        XCTAssertEqual(guess(fixture, from: Self.stranger).status, 401)
    }

    func testWhoIsBehindATrustedProxyIsSeen() throws {
        let fixture = try IssuerFixture { $0.callers.trustedProxies = [CIDR("10.0.0.0/8")].compactMap { $0 } }
        let proxy = IPAddress("10.1.1.1")
        func post(_ secret: String, _ forwarded: String, peer: IPAddress?) -> Int {
            let field = (name: "X-Forwarded-For", value: forwarded)
            return fixture.post(Self.grant, secret: secret, peer: peer, fields: [field]).status
        }
        for _ in 0..<5 { XCTAssertEqual(post("wrong", "203.0.113.9, 198.51.100.7, 10.2.2.2", peer: proxy), 401) }
        XCTAssertEqual(post("wrong", "198.51.100.7", peer: proxy), 429)
        XCTAssertEqual(post(IssuerFixture.secret, "192.0.2.7", peer: proxy), 200)
        // From others the field counts for nothing.
        XCTAssertEqual(post("wrong", "198.51.100.7", peer: Self.other), 401)
        XCTAssertEqual(post("wrong", "nonsense, 10.3.3.3", peer: proxy), 401)
        XCTAssertEqual(try fixture.audit().last?["peer"]?.string, "10.3.3.3")
        XCTAssertEqual(try fixture.audit().first?["peer"]?.string, "198.51.100.7")
    }
}
