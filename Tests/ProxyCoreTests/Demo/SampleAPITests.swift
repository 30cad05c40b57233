import ProxyCore
import XCTest

final class SampleAPITests: XCTestCase {
    private let api = SampleAPI()

    private func answer(
        _ method: ProxyCore.Method, _ path: String, fields: [(name: String, value: String)] = [], body: String = ""
    ) -> (status: Int, body: String) {
        let response = api.answer(ServiceRequest(method, path, fields: fields, body: Array(body.utf8)))
        return (response.status, String(decoding: response.body, as: UTF8.self))
    }

    func testWhatItAnswers() {
        let rows: [(method: ProxyCore.Method, path: String, body: String, status: Int, answer: String)] = [
            (.get, "/healthz", "", 200, "\"status\":\"ok\""),
            (.get, "/v2/users", "", 200, "{\"uid\":\"1\",\"name\":\"Ada Lovelace\"},"),
            (.get, "/v2/users/2", "", 200, "Grace Hopper"),
            (.head, "/v2/users/2", "", 200, "Grace Hopper"),
            (.get, "/v2/users/3", "", 404, ""),
            (.post, "/v2/users", "{\"name\":\"Alan\"}", 201, "\"uid\":\"3\""),
            (.post, "/v2/users", "{\"name\":1}", 400, ""),
            (.post, "/v2/users", "Alan", 400, ""),
            (.get, "/v2/users/3", "", 200, "Alan"),
            (.delete, "/v2/users/3", "", 200, "\"deleted\":\"3\""),
            (.get, "/v2/users/3", "", 404, ""),
            (.put, "/v2/users", "", 405, ""),
            (.put, "/v2/users/1", "", 405, ""),
            (.post, "/v2/events", "", 405, ""),
            (.get, "/v2/events", "", 200, "none today"),
            (.get, "/v2/reports/acme", "", 200, "\"tenant\":\"acme\""),
            (.get, "/v2/reports", "", 404, ""),
            (.get, "/", "", 404, ""),
        ]
        for row in rows {
            let (status, body) = answer(row.method, row.path, body: row.body)
            XCTAssertEqual(status, row.status, "\(row.method) \(row.path)")
            XCTAssertTrue(row.answer.isEmpty || body.contains(row.answer), "\(row.method) \(row.path): \(body)")
        }
    }

    func testItTellsWhatItSawOfTheCaller() {
        let fields = [("x-auth-Subject", "a\"b"), ("X-Auth", "no"), ("Accept", "*/*"), ("Authorization", "Bearer t")]
        let (_, body) = answer(.get, "/healthz", fields: fields)
        XCTAssertTrue(
            body.contains("\"seen_by_upstream\":{\"x-auth-Subject\":\"a\\\"b\",\"Authorization\":\"Bearer t\"}"), body)
    }

    func testOldUsersGoWhenThereAreManyNewOnes() {
        for _ in 0..<200 { XCTAssertEqual(answer(.post, "/v2/users", body: "{\"name\":\"x\"}").status, 201) }
        XCTAssertEqual(answer(.get, "/v2/users/1").status, 404)
        XCTAssertEqual(answer(.get, "/v2/users/202").status, 200)
    }
}
