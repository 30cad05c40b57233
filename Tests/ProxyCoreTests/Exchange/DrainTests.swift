import ProxyCore
import XCTest

final class DrainTests: XCTestCase {
    func testWhatHasBegunToComeIsAnsweredAndIdleConnectionsEnd() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try ProxyFixture(
            upstream.url, routes: #"{"path": "/v2/users/{uid}", "scopes": ["profile:read"]}"#)
        let request = RequestText.of("GET", "/v2/users/7", token: proxy.token())
        let (idle, kept, begun) = (try proxy.client(), try proxy.client(), try proxy.client())
        try kept.send(request)
        XCTAssertEqual(try kept.response(to: "GET").status, 200)
        try begun.send(String(request.prefix(40)))
        proxy.server.drain()
        try idle.assertClosed()
        try kept.assertClosed()
        try begun.send(String(request.dropFirst(40)))
        let response = try begun.response(to: "GET")
        XCTAssertEqual(response.status, 200)
        XCTAssertEqual(response.field("Connection"), "close")
        try begun.assertClosed()
        try proxy.awaitEnd()
    }
}
