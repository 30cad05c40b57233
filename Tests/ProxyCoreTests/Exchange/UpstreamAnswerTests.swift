import ProxyCore
import XCTest

/// The rows of the table of answers that blame the upstream.
final class UpstreamAnswerTests: XCTestCase {
    func testUpstreamsThatFail() throws {
        let closed = try ScriptedUpstream()
        closed.stop()
        let rows: [(name: String, url: String, script: ScriptedUpstream.Script?, ProblemExpectation)] = [
            ("refuses", closed.url, nil, failure(502, "upstream_unreachable")),
            ("is not there", "unix:/nowhere/socket", nil, failure(502, "upstream_unreachable")),
            ("closes", "", { _ = try $0.nextRequest() }, failure(502, "upstream_closed")),
            (
                "resets", "",
                { talk in
                    _ = try talk.nextRequest()
                    talk.reset()
                }, failure(502, "upstream_reset")
            ),
            (
                "talks nonsense", "",
                { talk in
                    _ = try talk.nextRequest()
                    try talk.send("220 mail.test ESMTP\r\n\r\n")
                    try talk.awaitEnd()
                }, failure(502, "upstream_invalid_response")
            ),
            (
                "is too slow", "",
                { talk in
                    _ = try talk.nextRequest()
                    try talk.awaitEnd()
                }, failure(504, "upstream_response_timeout")
            ),
        ]
        for row in rows {
            let upstream = try row.script.map { try ScriptedUpstream($0) }
            let proxy = try ProxyFixture(
                upstream?.url ?? row.url, routes: #"{"id": "all", "path": "/{path...}", "authenticated": true}"#,
                row.name == "is too slow" ? #""timeouts": {"upstream_first_byte_seconds": 0.05}"# : "")
            let response = try proxy.answer(RequestText.of("GET", "/x", token: proxy.token()))
            try row.3.check(response, proxy, row.name)
            XCTAssertFalse(response.text.contains("127.0.0.1"), row.name)
            XCTAssertEqual(upstream?.requests.count ?? 1, 1, "\(row.name): a used-up attempt is not repeated")
        }
    }

    private func failure(_ status: Int, _ code: String) -> ProblemExpectation {
        ProblemExpectation(status, code, reason: code, route: "all", client: "client-1")
    }
}
