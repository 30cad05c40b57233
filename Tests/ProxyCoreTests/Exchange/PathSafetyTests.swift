import ProxyCore
import XCTest

/// Paths that upstreams read differently, through the socket: nobody gets by them to what he may not have, and what is
/// forwarded is what came.
final class PathSafetyTests: XCTestCase {
    private static let routes = """
        {"path": "/public/{rest...}", "public": true}, {"path": "/pki/ca/prod", "public": true},
        {"path": "/admin/{rest...}", "scopes": ["admin"]}, {"path": "/admin", "scopes": ["admin"]},
        {"path": "/v2/users/{uid}", "scopes": ["profile:read"]},
        {"path": "/info/{page}", "scopes": ["profile:read"]},
        {"path": "/tenants/{tenant}/x", "authenticated": true, "claims": {"sub": "{tenant}"}},
        {"path": "/files/{name}", "scopes": ["profile:read"], "allow_encoded_slash": true},
        {"path": "/hosts/cert-manager.io", "scopes": ["profile:read"]}
        """

    private var upstream: ScriptedUpstream!
    private var proxy: ProxyFixture!

    override func setUpWithError() throws {
        upstream = try ScriptedUpstream()
        proxy = try ProxyFixture(upstream.url, routes: Self.routes)
    }

    override func tearDown() {
        proxy = nil
        upstream = nil
    }

    /// For each path what a stranger gets, a reader with `profile:read`, and an administrator with that and `admin`.
    private typealias Row = (path: String, stranger: Int, reader: Int, admin: Int)

    func testNoSpellingLeadsFromThePublicToTheProtected() throws {
        try check([
            ("/public/x", 200, 200, 200), ("/admin/x", 401, 403, 200),
            ("/public/../admin", 401, 400, 200), ("/public/%2e%2e/admin", 401, 400, 200),
            ("/public/..%2fadmin", 401, 400, 200), ("/public/%2E%2E%2Fadmin", 401, 400, 200),
            ("/public/x/../../admin", 401, 400, 200), ("/public/./../admin/x", 401, 400, 200),
            ("/public/..;/admin", 401, 400, 200), ("/public/..;a=b/admin", 401, 400, 200),
            ("/public/..\\admin", 401, 400, 200), ("/public/%2e%2e%5cadmin", 401, 400, 200),
            ("/public/..%5cadmin", 401, 400, 200), ("/public\\..\\admin", 401, 400, 400),
            ("/public//../admin", 401, 400, 200), ("/public//../../admin", 401, 400, 200),
            ("/info/../admin", 401, 400, 400), ("/v2/users/../../admin/x", 401, 400, 400),
            ("//admin", 401, 400, 400), ("/admin//x", 401, 403, 200), ("/./admin/x", 401, 400, 400),
            ("//public/admin/x", 401, 400, 400), ("/public/..//x/admin/y", 401, 400, 400),
            ("/PUBLIC/../admin", 401, 400, 400), ("/public/../ADMIN/x", 401, 400, 400),
        ])
    }

    func testSegmentsAreWholeAndLiteral() throws {
        try check([
            ("/pki/ca/prod", 200, 200, 200), ("/pki/ca/prod-2", 401, 404, 404), ("/pki/ca/prod/x", 401, 404, 404),
            ("/publicx", 401, 404, 404), ("/v2/users/7/x", 401, 404, 404), ("/v2/users/7", 401, 200, 200),
            ("/v2/users/7/", 401, 200, 200), ("/v2/users//", 401, 404, 404), ("/v2/users/", 401, 404, 404),
            ("/hosts/cert-manager.io", 401, 200, 200), ("/hosts/cert-managerXio", 401, 404, 404),
            ("/Public/x", 401, 400, 400), ("/V2/users/7", 401, 400, 400), ("/v2/users/ABC", 401, 200, 200),
        ])
    }

    func testEncodedPathsAreJudgedInAllReadingsAndForwardedAsTheyCame() throws {
        try check([
            ("/v2/users/%37", 401, 200, 200), ("/v2/%75sers/7", 401, 400, 400), ("/v2/users/a%20b", 401, 200, 200),
            ("/v2/users/%C3%A9", 401, 200, 200), ("/v2/users/a%2Fb", 401, 400, 400), ("/v2/users/a%5Cb", 401, 400, 400),
            ("/v2/users/a\\b", 401, 400, 400), ("/v2/users/a;b=c", 401, 200, 200), ("/v2/users/;b", 401, 400, 400),
            ("/v2/users/a%23b", 401, 200, 200), ("/v2/users/a%3Fb", 401, 200, 200),
            ("/v2/users/%23", 401, 400, 400), ("/public/%23", 200, 200, 200), ("/v2/users/7%3F/x", 401, 400, 400),
            ("/files/a%2Fb", 401, 200, 200), ("/files/a%2fb", 401, 200, 200), ("/files/..%2F..", 401, 400, 400),
            ("/files/a%2Fb/c", 401, 404, 404), ("/files/%2e%2e%2fadmin", 401, 400, 400),
            ("/tenants/service-1/x", 401, 200, 200), ("/tenants/service%2D1/x", 401, 400, 400),
            ("/tenants/service-2/x", 401, 403, 403), ("/tenants/service-1;x/x", 401, 400, 400),
        ])
    }

    func testWhatNoUpstreamShouldSeeIsRefusedBeforeTheToken() throws {
        try check([
            ("/public/%00", 400, 400, 400), ("/public/%0d%0aX:1", 400, 400, 400), ("/public/%7f", 400, 400, 400),
            ("/public/%", 400, 400, 400), ("/public/%4", 400, 400, 400), ("/public/%zz", 400, 400, 400),
            ("/public/%c0%ae%c0%ae/admin", 400, 400, 400), ("/public/x#/../admin", 400, 400, 400),
            ("/user/profile#x", 400, 400, 400), ("/public/\u{1}", 400, 400, 400), ("/public/\u{e9}", 400, 400, 400),
            ("/public/\t", 400, 400, 400), ("/public/a b", 400, 400, 400),
        ])
    }

    func testTheQueryIsNoPathAndIsKept() throws {
        try check([
            ("/admin/x?x=/public/y", 401, 403, 200), ("/admin/x?/../public/y", 401, 403, 200),
            ("/public/x?a=%00&b=//../admin&c=%zz", 200, 200, 200), ("/public/x?", 200, 200, 200),
            ("/v2/users/7?x=1&x=2;3?4", 401, 200, 200), ("/public/x?a#b", 400, 400, 400),
            ("/admin?access=/public", 401, 403, 200),
        ])
    }

    func testOtherFormsOfTheTarget() throws {
        let token = proxy.token()
        let rows: [(target: String, host: String, status: Int, forwarded: String?)] = [
            ("http://api.test/v2/users/7?a=b", "api.test", 200, "/v2/users/7?a=b"),
            ("HTTPS://API.test/v2/users/7", "api.test", 200, "/v2/users/7"),
            ("http://api.test:80/v2/users/7", "api.test", 400, nil), ("http://api.test", "api.test", 400, nil),
            ("http://other.test/v2/users/7", "api.test", 400, nil), ("http://api.test?x", "api.test", 400, nil),
            ("http://api.test/public/../admin", "api.test", 400, nil), ("http:///v2/users/7", "api.test", 400, nil),
            ("http://u@api.test/v2/users/7", "u@api.test", 400, nil),
            ("ftp://api.test/v2/users/7", "api.test", 400, nil),
            ("*", "api.test", 400, nil), ("v2/users/7", "api.test", 400, nil), ("api.test:80", "api.test", 400, nil),
            ("?x", "api.test", 400, nil), ("", "api.test", 400, nil), ("\\v2\\users\\7", "api.test", 400, nil),
        ]
        for row in rows {
            let seen = upstream.requests.count
            let response = try proxy.answer(
                "GET \(row.target) HTTP/1.1\r\nHost: \(row.host)\r\nAuthorization: Bearer \(token)\r\n\r\n")
            XCTAssertEqual(response.status, row.status, row.target)
            let forwarded = upstream.requests.dropFirst(seen).map(\.target)
            XCTAssertEqual(forwarded, row.forwarded.map { [$0] } ?? [], row.target)
        }
    }

    private func check(_ rows: [Row], line: UInt = #line) throws {
        let reader = proxy.token("profile:read")
        let admin = proxy.token("profile:read admin")
        var forwarded: [String] = []
        for row in rows {
            let callers: [(String?, Int)] = [(nil, row.stranger), (reader, row.reader), (admin, row.admin)]
            for (token, status) in callers {
                let response = try proxy.answer(RequestText.of("GET", row.path, token: token), line: line)
                let who = token == nil ? "stranger" : token == reader ? "reader" : "admin"
                XCTAssertEqual(response.status, status, "\(row.path) as \(who): \(response.code ?? "")", line: line)
                if status == 200 { forwarded.append(row.path) }
            }
        }
        proxy.stop()
        try upstream.awaitQuiet()
        XCTAssertEqual(upstream.requests.map(\.target), forwarded, line: line)
    }
}
