import ProxyCore
import XCTest

/// What becomes of a call as its target's token comes, ages and is refused. Time is told, not waited for.
final class OutgoingGateTests: XCTestCase {
    private let snapshots = Recorder<TokenSnapshot>()
    private lazy var now = Clock.monotonic()

    private func source(_ tokens: TokenServer) throws -> TokenSource {
        let client = TokenClient(
            endpoint: .address(try KeyLocation(tokens.url)), id: "a", proof: .secretBasic(.environment(value: "x")),
            access: .test)
        let source = try TokenSource(target: 0, client, publish: snapshots.record, log: { _ in })
        try source.start()
        return source
    }

    private func gate(_ source: TokenSource) -> OutgoingGate {
        OutgoingGate(TargetTable([.host("api.test", port: nil)], acceptsAnyHost: false), sources: [source])
    }

    func testATokenThatComesAgesAndExpires() throws {
        let tokens = try TokenServer()
        let source = try source(tokens)
        defer { source.stop() }
        let gate = gate(source)
        XCTAssertEqual(try judge(gate, after: 0, mayAwait: true), "await")
        XCTAssertEqual(try judge(gate, after: 0, mayAwait: false), "token_too_slow")
        XCTAssertEqual(try judge(gate, after: 0, host: "other.test", mayAwait: true), "no_target")
        gate.install(try snapshots.await { $0.generation == 1 }, target: 0)
        XCTAssertEqual(try judge(gate, after: 0, mayAwait: false), "token 1")
        XCTAssertEqual(try judge(gate, after: 3590, mayAwait: false), "token 1")
        // To be on the safe side, it is not used to its very end.
        XCTAssertEqual(try judge(gate, after: 3599, mayAwait: true), "await")
        XCTAssertEqual(try judge(gate, after: 4000, mayAwait: false), "token_too_slow")
    }

    func testAValidTokenIsUsedWhileTheEndpointIsDownAndNoLonger() throws {
        let tokens = try TokenServer()
        let source = try source(tokens)
        defer { source.stop() }
        let gate = gate(source)
        gate.install(try snapshots.await { $0.generation == 1 }, target: 0)
        tokens.behave(.answers("503 Unavailable", body: ""))
        let ticket = try XCTUnwrap(gate.refuse(1, of: 0, now: now))
        let failed = try snapshots.await { $0.lastFailure != nil }
        XCTAssertEqual(failed.lastFailure?.cause.description, "status")
        XCTAssertTrue(failed.settles(ticket))
        gate.install(failed, target: 0)
        XCTAssertEqual(try judge(gate, after: 0, mayAwait: true), "token 1")
        XCTAssertNil(generation(gate.permit(for: 0, after: 1, now: now)))
        XCTAssertEqual(try judge(gate, after: 3600, mayAwait: true), "token_unavailable status")
        // A target's refusals count again only after a while.
        XCTAssertNil(gate.refuse(1, of: 0, now: now))
        XCTAssertNotNil(gate.refuse(1, of: 0, now: now.advanced(by: .seconds(60))))
    }

    func testATokenThatWasRefusedAndReplaced() throws {
        let tokens = try TokenServer()
        let source = try source(tokens)
        defer { source.stop() }
        let gate = gate(source)
        gate.install(try snapshots.await { $0.generation == 1 }, target: 0)
        XCTAssertNil(generation(gate.permit(for: 0, after: 1, now: now)))
        let ticket = try XCTUnwrap(gate.refuse(1, of: 0, now: now))
        let renewed = try snapshots.await { $0.generation == 2 }
        XCTAssertTrue(renewed.settles(ticket))
        gate.install(renewed, target: 0)
        XCTAssertEqual(generation(gate.permit(for: 0, after: 1, now: now)), 2)
        // Somebody who has the old one still gets the new one without asking.
        XCTAssertEqual(tokens.requests.count, 2)
    }

    func testAnEndpointThatNeverAnswered() throws {
        let tokens = try TokenServer(.answers("400 Bad Request", body: #"{"error":"invalid_scope"}"#))
        let source = try source(tokens)
        defer { source.stop() }
        let gate = gate(source)
        gate.install(try snapshots.await { $0.lastFailure != nil }, target: 0)
        XCTAssertEqual(try judge(gate, after: 0, mayAwait: true), "token_unavailable invalid_scope")
    }

    private func generation(_ permit: consuming OutgoingPermit?) -> Int? {
        switch consume permit {
        case .some(let permit): permit.generation
        case .none: nil
        }
    }

    /// What the gate says, in a word, so many seconds from now.
    private func judge(
        _ gate: OutgoingGate, after seconds: Double, host: String = "api.test", mayAwait: Bool
    ) throws -> String {
        let bytes = Array("GET /x HTTP/1.1\r\nHost: \(host)\r\n\r\n".utf8)
        var head = RequestHead()
        var progress = HeadProgress()
        _ = try head.parse(bytes.span, limits: HeadLimits(), progress: &progress)
        let verdict = gate.judge(
            head, bytes.span, now: now.advanced(by: .seconds(seconds)), mayAwaitToken: mayAwait)
        switch consume verdict {
        case .permit(let permit): return "token \(permit.generation)"
        case .refuse(let refusal): return "\(refusal.reason)" + (refusal.cause.map { " \($0)" } ?? "")
        case .awaitToken(let target):
            XCTAssertEqual(target, 0)
            return "await"
        }
    }
}
