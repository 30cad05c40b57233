import ProxyCore
import XCTest

/// Requests that have come together are written down together before any of them is answered.
final class GrantsTogetherTests: XCTestCase {
    private static let grant = IssuerFixture.grant

    func testEachRequestHasItsAnswerAndItsLine() throws {
        let fixture = try IssuerFixture(clients: [IssuerFixture.client(), IssuerFixture.client("other")])
        let answers = fixture.answer([
            fixture.request(Self.grant), fixture.request(Self.grant, secret: "wrong"),
            fixture.request("", to: "/nowhere"), fixture.request(Self.grant + "&scope=b:read"),
            fixture.request(Self.grant, client: "other"),
        ])
        XCTAssertEqual(answers.map(\.status), [200, 401, 404, 400, 200])
        let lines = try fixture.audit()
        XCTAssertEqual(lines.map { $0["event"]?.string }, ["grant", "refusal", "refusal", "grant"])
        let reasons = lines.map { $0["reason"]?.string }
        XCTAssertEqual(reasons, [nil, "wrong_secret", "invalid_scope", nil])
        for (answer, line, client) in [(answers[0], lines[0], "daemon"), (answers[4], lines[3], "other")] {
            let token = try XCTUnwrap(try IssuerFixture.json(answer)["access_token"]?.string)
            let claims = try IssuerFixture.claims(of: token)
            XCTAssertEqual(claims["client_id"]?.string, client)
            XCTAssertEqual(line["client"]?.string, client)
            XCTAssertEqual(line["jti"]?.string, claims["jti"]?.string)
        }
        XCTAssertEqual(fixture.answer([]), [])
    }

    func testNoneIsGrantedWhenTheRecordFails() throws {
        let fixture = try IssuerFixture(auditPath: "/dev/full")
        let answers = fixture.answer([
            fixture.request(Self.grant), fixture.request(Self.grant, secret: "wrong"), fixture.request(Self.grant),
            ServiceRequest(.get, "/.well-known/jwks.json"),
        ])
        XCTAssertEqual(answers.map(\.status), [503, 401, 503, 200])
        for answer in answers { XCTAssertFalse(answer.body.span.text.contains("access_token")) }
    }

    func testGuessesOfOneTurnAreCounted() throws {
        let fixture = try IssuerFixture()
        let guesses = (0..<8).map { fixture.request(Self.grant, secret: "guess\($0)") }
        let statuses = fixture.answer(guesses + [fixture.request(Self.grant)]).map(\.status)
        XCTAssertEqual(statuses, Array(repeating: 401, count: 5) + Array(repeating: 429, count: 4))
    }

    func testARevocationIsWrittenDownByItself() throws {
        let fixture = try IssuerFixture()
        let token = try fixture.token()
        let answers = fixture.answer([
            fixture.request(Self.grant), fixture.request("token=\(token)", to: "/oauth/revoke"),
        ])
        XCTAssertEqual(answers.map(\.status), [200, 200])
        XCTAssertEqual(try fixture.audit().map { $0["event"]?.string }, ["grant", "revocation", "grant"])
    }

    #if FAULT_INJECTION
        /// The disk takes a line and a half of three, and no more.
        private final class FullDisk: KernelStandIn {
            private var lines = 0

            func answer(_ call: KernelCall) -> KernelAnswer {
                guard case .write(_, let bytes) = call else { return .proceed }
                lines += 1
                return lines == 1 ? .atMost(bytes.count / 2) : .fail(ENOSPC)
            }
        }

        func testNoneIsGrantedWhenTheRecordFailsInTheMiddle() throws {
            let fixture = try IssuerFixture()
            let requests = [fixture.request(Self.grant), fixture.request(Self.grant), fixture.request(Self.grant)]
            let answers = KernelStandIns.with(FullDisk()) { fixture.answer(requests) }
            XCTAssertEqual(answers.map(\.status), [503, 503, 503])
            // What follows stands on a line of its own.
            let token = try fixture.token()
            let text = try XCTUnwrap(FileReader.text(fixture.auditPath))
            XCTAssertTrue(text.hasSuffix("}\n"))
            let lines = text.split(separator: "\n").map { try? JSONDocument(parsing: Array($0.utf8)).root }
            XCTAssertEqual(lines.map { $0 == nil }, [false, true, false])
            XCTAssertEqual((lines.last ?? nil)?["jti"]?.string, try IssuerFixture.claims(of: token)["jti"]?.string)
        }
    #endif
}
