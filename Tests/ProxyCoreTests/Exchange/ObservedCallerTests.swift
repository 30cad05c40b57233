import ProxyCore
import XCTest

final class ObservedCallerTests: XCTestCase {
    func testWhatIsOnlyObservedNamesTheCallerInTheLogAndToNobodyElse() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try ProxyFixture(
            upstream.url, routes: #"{"path": "/v2/users", "scopes": ["profile:create"]}"#, #""mode": "observe""#)
        let claims = proxy.claims.with("scope", #""profile:read""#).with("client_id", #""reporting""#)
        XCTAssertEqual(
            try proxy.answer(RequestText.of("GET", "/v2/users", token: proxy.token(claims))).status, 200)
        let entry = try proxy.logged(path: "/v2/users")
        XCTAssertEqual(entry["observed"], "insufficient_scope")
        XCTAssertEqual(entry["client_id"], "reporting")
        proxy.stop()
        XCTAssertFalse("\(upstream.requests)".contains("reporting"))
    }
}
