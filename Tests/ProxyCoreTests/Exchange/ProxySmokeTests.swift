import ProxyCore
import XCTest

final class ProxySmokeTests: XCTestCase {
    func testForwardsAndRefuses() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try ProxyFixture(
            upstream.url, routes: #"{"path": "/v2/users/{uid}", "scopes": ["profile:read"]}"#)
        let response = try proxy.answer(RequestText.of("GET", "/v2/users/7", token: proxy.token()))
        XCTAssertEqual(response.status, 200)
        XCTAssertEqual(response.text, "ok")
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/v2/users/7")).status, 401)
        proxy.stop()
        try upstream.awaitQuiet()
        XCTAssertEqual(upstream.requests.count, 1)
    }
}
