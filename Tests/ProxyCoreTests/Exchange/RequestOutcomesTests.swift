import ProxyCore
import XCTest

/// The closed list of what can become of a request.
final class RequestOutcomesTests: XCTestCase {
    private let outcomes = RequestOutcomes()

    func testEveryOutcomeIsThereOnce() {
        let names = outcomes.all.map { "\($0.decision) \($0.reason)" }
        XCTAssertEqual(Set(names).count, names.count)
        XCTAssertEqual(names.first, "allowed ")
        // They are counted for each route: a list that grows beyond measure would cost memory.
        XCTAssertLessThan(names.count, 160)
    }

    func testEveryReasonOfTheProxyHasItsNumber() throws {
        let failure = Errno(code: 1, call: "test")
        let denials: [Denial] =
            [
                .missingToken, .insufficientScope(route: 0), .claimMismatch(route: 0), .noRoute,
                .methodNotAllowed(path: 0), .ambiguousPath, .keysUnavailable(issuer: 0),
            ] + CredentialsProblem.allCases.map { .invalidRequest($0) }
            + TokenError.allCases.map { .invalidToken($0) } + PathProblem.allCases.map { .invalidPath($0) }
        let failures: [UpstreamFailure] = [
            .unresolved, .unreachable(failure), .connectTimeout, .saturated, .closedEarly, .reset(failure),
            .invalidResponse("x"), .responseTimeout, .requestTimeout, .truncated, .idleTimeout,
        ]
        let bodies: [BodyError] =
            [
                .chunkExtensionTooLong, .chunkSizeTooLarge, .invalidChunkEnd, .invalidChunkExtension,
                .invalidChunkSize, .truncated,
            ] + HeadError.allCases.map { .invalidTrailer($0) }
        let answers: [ProxyAnswer] =
            HeadError.allCases.map { .malformedHead($0) } + bodies.map { .malformedBody($0) } + [
                .bodyTooLarge, .requestTimeout, .forwardedHeadTooLong,
            ]
        for denial in denials { try check(denial.reason, "refused") }
        try check(ProxyAnswer.tooManyParked(issuer: 0).reason, "refused")
        for answer in answers { try check(answer.reason, "rejected") }
        for failure in failures { try check(failure.code, "failed") }
        try check("caller_gone", "abandoned")
        XCTAssertEqual(outcomes.all[outcomes.number(of: "never heard of")].reason.description, "other")
        for denial in denials {
            XCTAssertTrue(outcomes.all.contains { "\($0.decision) \($0.reason)" == "observed \(denial.reason)" })
        }
    }

    private func check(_ reason: StaticString, _ decision: String, line: UInt = #line) throws {
        let outcome = outcomes.all[outcomes.number(of: reason)]
        XCTAssertEqual(outcome.reason.description, reason.description, line: line)
        XCTAssertEqual(outcome.decision.description, decision, line: line)
    }
}
