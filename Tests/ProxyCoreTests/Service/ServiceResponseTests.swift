import ProxyCore
import XCTest

final class ServiceResponseTests: XCTestCase {
    func testAFieldStaysOneLineWhateverItsValue() {
        let field = ServiceResponse.Field("Location", "/a\r\nSet-Cookie: b\u{0}")
        XCTAssertEqual(field.value, "/a  Set-Cookie: b ")
    }

    func testProblemsSayWhatTheirStatusSays() {
        let response = ServiceResponse.methodNotAllowed(allow: "GET, HEAD")
        XCTAssertEqual(response.status, 405)
        XCTAssertEqual(response.value(of: "allow"), "GET, HEAD")
        XCTAssertEqual(response.value(of: "Content-Type"), "application/problem+json")
        XCTAssertEqual(
            response.body.span.text, "{\"type\":\"about:blank\",\"title\":\"Method Not Allowed\",\"status\":405}\n")
    }

    func testTheMediaTypeOfARequest() {
        let rows: [(fields: [(name: String, value: String)], type: String?)] = [
            ([], nil),
            ([("Content-Type", "application/json")], "application/json"),
            ([("content-type", "Application/JSON; charset=utf-8")], "application/json"),
            ([("Content-Type", "text/plain ;x")], "text/plain"),
            ([("Content-Type", "text/plain"), ("Content-Type", "text/plain")], nil),
        ]
        for row in rows {
            XCTAssertEqual(ServiceRequest(.post, "/", fields: row.fields).mediaType, row.type, "\(row.fields)")
        }
    }
}
