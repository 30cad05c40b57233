import ProxyCore
import XCTest

/// What the proxy has to say to a request that it answers itself: the response to the byte where that is fixed, and
/// the line in the log.
struct ProblemExpectation {
    var status: Int
    var code: String
    /// `WWW-Authenticate` in full; nil for none.
    var challenge: String?
    var allow: String?
    var retryAfter: String?
    /// What the log says.
    var reason: String
    var route: String?
    var missing: String?
    var client: String?

    init(
        _ status: Int, _ code: String, challenge: String? = nil, allow: String? = nil, retryAfter: String? = nil,
        reason: String, route: String? = nil, missing: String? = nil, client: String? = nil
    ) {
        self.status = status
        self.code = code
        self.challenge = challenge
        self.allow = allow
        self.retryAfter = retryAfter
        self.reason = reason
        self.route = route
        self.missing = missing
        self.client = client
    }

    /// Holds the response to this, and the log's line about it.
    func check(_ response: RawResponse, _ proxy: ProxyFixture, _ name: String, line: UInt = #line) throws {
        checkFields(response, name, line)
        let log = try proxy.logged(id: response.field("X-Request-Id"), line: line)
        XCTAssertEqual(log.number("status"), Double(status), name, line: line)
        XCTAssertEqual(log["reason"], reason, name, line: line)
        XCTAssertEqual(log["missing_scopes"], missing, name, line: line)
        XCTAssertEqual(log["client_id"], client, name, line: line)
        XCTAssertEqual(log["route"], route, name, line: line)
        guard response.field("Content-Length") == "\(response.body.count)" else {
            return XCTAssertEqual(response.body, [], "\(name): neither whole nor empty", line: line)
        }
        try checkDocument(response, name, line)
    }

    private func checkFields(_ response: RawResponse, _ name: String, _ line: UInt) {
        XCTAssertEqual(response.status, status, name, line: line)
        XCTAssertEqual(response.startLine, "HTTP/1.1 \(status) \(StatusCode.reason(status))", name, line: line)
        XCTAssertEqual(response.fields("WWW-Authenticate"), challenge.map { [$0] } ?? [], name, line: line)
        XCTAssertEqual(response.field("Allow"), allow, name, line: line)
        XCTAssertEqual(response.field("Retry-After"), retryAfter, name, line: line)
        XCTAssertEqual(response.field("Cache-Control"), "no-store", name, line: line)
        XCTAssertEqual(response.field("Content-Type"), "application/problem+json", name, line: line)
        XCTAssertNotNil(response.field("Date"), name, line: line)
        XCTAssertEqual(response.field("X-Request-Id")?.count, 32, name, line: line)
    }

    private func checkDocument(_ response: RawResponse, _ name: String, _ line: UInt) throws {
        let document = try JSONDocument(parsing: response.body).root
        let names = document.members.compactMap(\.key.string)
        XCTAssertEqual(names, ["type", "title", "status", "code", "request_id"], name, line: line)
        XCTAssertEqual(document["type"]?.string, "about:blank", name, line: line)
        XCTAssertEqual(document["title"]?.string, "\(StatusCode.reason(status))", name, line: line)
        XCTAssertEqual(document["status"]?.integer, Int64(status), name, line: line)
        XCTAssertEqual(document["code"]?.string, code, name, line: line)
        XCTAssertEqual(document["request_id"]?.string, response.field("X-Request-Id"), name, line: line)
    }
}

extension ProblemExpectation {
    static func invalidToken(
        _ error: TokenError, route: String? = nil, client: String? = nil
    ) -> ProblemExpectation {
        ProblemExpectation(
            401, "invalid_token",
            challenge: "Bearer realm=\"api\", error=\"invalid_token\", error_description=\"\(error.description)\"",
            reason: "\(error.reason)", route: route, client: client)
    }

    static func missingToken(route: String? = nil) -> ProblemExpectation {
        ProblemExpectation(
            401, "missing_token", challenge: "Bearer realm=\"api\"", reason: "missing_token", route: route)
    }

    static func invalidRequest(_ reason: String, route: String? = nil) -> ProblemExpectation {
        ProblemExpectation(
            400, "invalid_request", challenge: "Bearer realm=\"api\", error=\"invalid_request\"", reason: reason,
            route: route)
    }

    static func forbidden(
        _ scopes: String, reason: String = "insufficient_scope", route: String, missing: String?,
        client: String = "client-1"
    ) -> ProblemExpectation {
        ProblemExpectation(
            403, "insufficient_scope",
            challenge: "Bearer realm=\"api\", error=\"insufficient_scope\""
                + (scopes.isEmpty ? "" : ", scope=\"\(scopes)\""),
            reason: reason, route: route, missing: missing, client: client)
    }
}
