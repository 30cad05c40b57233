import ProxyCore
import XCTest

/// What the upstream sees of a request's fields: nothing by which a caller could pass for somebody else.
final class ForwardedFieldsTests: XCTestCase {
    private static let route = #"{"path": "/{path...}", "scopes": ["a:b"]}, {"path": "/open", "public": true}"#
    private static let claims = """
        "identity_headers": {"claims": {"X-Tenant": "tenant", "X-Auth-Roles": "realm_access.roles"}}
        """

    func testAWholeHead() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try ProxyFixture(upstream.url, routes: Self.route)
        let lines = [
            "GET /v2/users/7?q=%41&r=//.. HTTP/1.1", "X-A:  first ", "Host: api.test:8080",
            "Authorization: bearer \(proxy.token("a:b c"))", "Accept: */*", "cOOkie: a=b", "X-B: \t", "X-A: second",
            "Connection: keep-alive, X-Hop", "Keep-Alive: timeout=5", "TE: trailers", "Upgrade: websocket",
            "Proxy-Connection: keep-alive", "Proxy-Authorization: Basic dTpw", "Proxy-Authenticate: Basic",
            "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA", "X-Hop: 1", "Via: 1.1 other", "X-L: \u{e9}\u{e8}",
        ]
        XCTAssertEqual(try proxy.answer(lines.joined(separator: "\r\n") + "\r\n\r\n").status, 200)
        let forwarded = upstream.requests[0]
        let id = try XCTUnwrap(forwarded.field("X-Request-Id"))
        let trace = try XCTUnwrap(forwarded.field("traceparent"))
        XCTAssertEqual(id, try proxy.logged(path: "/v2/users/7")["request_id"])
        XCTAssertEqual(
            forwarded.head.split(separator: "\r\n").map(String.init),
            [
                "GET /v2/users/7?q=%41&r=//.. HTTP/1.1", "Host: api.test:8080", "X-A: first", "Accept: */*",
                "cOOkie: a=b", "X-B: ", "X-A: second", "Via: 1.1 other", "X-L: \u{e9}\u{e8}",
                "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: http", "X-Forwarded-Host: api.test:8080",
                "X-Request-Id: \(id)", "traceparent: \(trace)", "X-Auth-Subject: service-1",
                "X-Auth-Client-Id: client-1",
                "X-Auth-Issuer: \(ClaimsText.issuer)", "X-Auth-Scopes: a:b c",
            ])
    }

    func testNoNameThatCouldPassForOneOfOursComesThrough() throws {
        let upstream = try ScriptedUpstream()
        let target = "{\"url\": \"\(upstream.url)\", \"set_headers\": {\"X-Api-Key\": \"ours\"}}"
        let proxy = try ProxyFixture(target, routes: Self.route, Self.claims)
        let names = [
            "X-Auth-Subject", "x-auth-subject", "X_Auth_Subject", "X.Auth.Subject", "x-AUTH_scopes", "X_AUTH-Anything",
            "X-Auth-", "x.auth.", "X-Auth-Roles", "X_Auth.Roles", "X-Tenant", "x_tenant", "X.TENANT", "X-Api-Key",
            "X_Api_Key", "x.api-KEY", "X-Request-Id", "X_Request_Id", "x-request.id", "X-Forwarded-For",
            "X_Forwarded_For", "x-forwarded.for", "X-Forwarded-Proto", "X_Forwarded_Proto", "X-Forwarded-Host",
            "X.Forwarded.Host", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-User", "X_Forwarded_Whatever",
            "Forwarded", "X-Real-IP", "X_Real_IP", "x.real.ip", "Proxy-Authorization", "X!Auth!Subject",
            "x~auth|scopes", "X+Tenant", "X#Api^Key", "x$auth%roles",
        ]
        for token in [proxy.token("a:b"), nil] {
            for name in names {
                let target = token == nil ? "/open" : "/x"
                let request = RequestText.of("GET", target, token: token, "\(name): spoofed", "\(name): for=spoofed")
                XCTAssertEqual(try proxy.answer(request).status, 200, name)
                let head = upstream.requests.last?.head ?? "nothing"
                XCTAssertFalse(head.contains("spoofed"), "\(name) in \(head)")
                XCTAssertTrue(head.contains("X-Api-Key: ours\r\n"), head)
            }
        }
        // A name is not taken for one of ours because it resembles one.
        let kept = ["X-Auth", "X-Author", "X-Authorization", "X-Tenants", "X-Tenant-Id", "X-Api", "X-Request-Ids"]
        for name in kept {
            _ = try proxy.answer(RequestText.of("GET", "/x", token: proxy.token("a:b"), "\(name): kept"))
            XCTAssertEqual(upstream.requests.last?.field(name), "kept")
        }
    }

    func testTheApplicationActsOnThePathAndTheMethodThatWereJudged() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try ProxyFixture(upstream.url, routes: Self.route)
        let names = [
            "X-Original-URL", "X-Original-URI", "X-Rewrite-URL", "X-Envoy-Original-Path", "X-HTTP-Method",
            "X-HTTP-Method-Override", "X-Method-Override", "X-Script-Name",
        ]
        let separators = ["-", "_", ".", "!"]
        let spellings = names.flatMap { name in
            separators.map { name.split(separator: "-").joined(separator: $0) } + [name.lowercased(), name.uppercased()]
        }
        let variables = ["SCRIPT_NAME", "script_name", "PATH_INFO", "Path_Info", "REMOTE_USER", "remote_user"]
        for name in spellings + variables + ["Proxy", "proxy", "PROXY"] {
            let request = RequestText.of("GET", "/x", token: proxy.token("a:b"), "\(name): spoofed")
            XCTAssertEqual(try proxy.answer(request).status, 200, name)
            XCTAssertFalse(upstream.requests.last?.head.contains("spoofed") ?? true, name)
        }
    }

    func testIdentityIsWhatTheTokenSaysAndNothingWhereItIsSilent() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try ProxyFixture(upstream.url, routes: Self.route, Self.claims)
        let base = proxy.claims.with("scope", "\"a:b\"")
        let rows: [(ClaimsText, tenant: String?, roles: String?)] = [
            (base, nil, nil), (base.with("tenant", "\"acme\""), "acme", nil), (base.with("tenant", "7"), "7", nil),
            (base.with("tenant", "true"), "true", nil), (base.with("tenant", "null"), nil, nil),
            (base.with("tenant", "\"M\u{fc}ller\""), "M\u{fc}ller", nil), (base.with("tenant", "\"\""), "", nil),
            (base.with("realm_access", "{\"roles\":[\"r1\",\"r2\"]}"), nil, "r1,r2"),
            (base.with("realm_access", "{\"roles\":[]}"), nil, ""), (base.with("realm_access", "{}"), nil, nil),
            (base.with("realm_access.roles", "\"exact\""), nil, "exact"),
        ]
        for (claims, tenant, roles) in rows {
            let request = RequestText.of(
                "GET", "/x", token: proxy.token(claims), "X-Tenant: spoofed", "X_Auth_Roles: spoofed")
            XCTAssertEqual(try proxy.answer(request).status, 200, claims.text)
            XCTAssertEqual(upstream.requests.last?.fields("X-Tenant"), tenant.map { [$0] } ?? [], claims.text)
            XCTAssertEqual(upstream.requests.last?.fields("X-Auth-Roles"), roles.map { [$0] } ?? [], claims.text)
            XCTAssertFalse(upstream.requests.last?.head.contains("spoofed") ?? true)
        }
        for bad in ["\"a\\nb\"", "\"a\\u0000\"", "{}", "[[\"a\"]]", "[\"a,b\"]", "\" a\"", "\"a\\u007f\""] {
            let response = try proxy.answer(RequestText.of("GET", "/x", token: proxy.token(base.with("tenant", bad))))
            XCTAssertEqual(response.status, 401, bad)
        }
        XCTAssertEqual(upstream.requests.count, rows.count)
    }

    func testConnectionCannotNameWhatTheProxySetsOrNeeds() throws {
        let upstream = try ScriptedUpstream()
        let target = "{\"url\": \"\(upstream.url)\", \"set_headers\": {\"X-Api-Key\": \"ours\"}}"
        let proxy = try ProxyFixture(target, routes: Self.route, "\"forward_token\": true")
        let token = proxy.token("a:b")
        let names = """
            X-Auth-Subject, x-auth-scopes, X-Auth-Client-Id, X-Request-Id, X-Api-Key, Host, X-Forwarded-For, \
            x-forwarded-proto, X-Forwarded-Host, Authorization, Content-Length, Content-Type, Transfer-Encoding, \
            Traceparent, tracestate
            """
        for body in ["Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"] {
            let head = [
                "POST /x HTTP/1.1", "Host: api.test", "Connection: \(names)", "Connection: X-Mine,, ,X-Other",
                "Authorization: Bearer \(token)", "Content-Type: text/plain", "X-Mine: 1", "x-other: 2", "X-Third: 3",
            ]
            let response = try proxy.answer(head.joined(separator: "\r\n") + "\r\n" + body)
            XCTAssertEqual(response.status, 200)
            let forwarded = try XCTUnwrap(upstream.requests.last)
            XCTAssertEqual(forwarded.body, Array("hello".utf8))
            let names = forwarded.fieldLines.compactMap { $0.split(separator: ":").first?.lowercased() }.sorted()
            XCTAssertEqual(
                names,
                [
                    "authorization", "content-type", "host", "x-api-key", "x-auth-client-id", "x-auth-issuer",
                    "x-auth-scopes", "x-auth-subject", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
                    "traceparent", "x-request-id", "x-third",
                    body.hasPrefix("C") ? "content-length" : "transfer-encoding",
                ].sorted())
        }
    }

    func testTrailersAreFilteredAsFieldsAre() throws {
        let upstream = try ScriptedUpstream()
        let target = "{\"url\": \"\(upstream.url)\", \"set_headers\": {\"X-Api-Key\": \"ours\"}}"
        let proxy = try ProxyFixture(target, routes: Self.route, Self.claims)
        let trailers = [
            "X-Checksum: abc", "X-Auth-Subject: spoofed", "x_auth_scopes: spoofed", "X.Auth.Anything: spoofed",
            "X-Tenant: spoofed", "X_Tenant: spoofed", "x-api_key: spoofed", "X-Request-Id: spoofed",
            "X!Auth!Subject: spoofed", "Traceparent: spoofed", "tracestate: spoofed", "X-Last: 1",
        ]
        let request = RequestText.of("POST", "/x", token: proxy.token("a:b"), "Transfer-Encoding: chunked")
        let body = "3\r\nabc\r\n0\r\n" + trailers.joined(separator: "\r\n") + "\r\n"
        XCTAssertEqual(try proxy.answer(request + body + "\r\n").status, 200)
        for refused in [
            "X_Request_Id", "X-Real-IP", "x.real.ip", "X-Forwarded-For", "X_Forwarded_User", "Forwarded",
            "X-Original-URL", "X_HTTP_Method_Override", "Proxy",
        ] {
            XCTAssertEqual(try proxy.answer(request + body + "\(refused): spoofed\r\n\r\n").status, 400, refused)
        }
        XCTAssertEqual(upstream.requests.map(\.trailers), ["X-Checksum: abc\r\nX-Last: 1\r\n"])
        XCTAssertFalse(upstream.received.contains { String(decoding: $0, as: UTF8.self).contains("spoofed") })
    }

    func testTheTokenGoesOnOnlyWhenAskedTo() throws {
        let settings = [("", false), ("\"forward_token\": false", false), ("\"forward_token\": true", true)]
        for (setting, isForwarded) in settings {
            let upstream = try ScriptedUpstream()
            let proxy = try ProxyFixture(upstream.url, routes: Self.route, setting)
            let token = proxy.token("a:b")
            for target in ["/x", "/open"] {
                XCTAssertEqual(try proxy.answer(RequestText.of("GET", target, token: token)).status, 200)
                XCTAssertEqual(upstream.requests.last?.fields("Authorization"), isForwarded ? ["Bearer \(token)"] : [])
            }
            XCTAssertEqual(upstream.received[0].contains(Array(token.utf8)), isForwarded)
        }
    }

    func testFieldsOfTheConfigurationReplaceTheCallers() throws {
        let upstream = try ScriptedUpstream()
        let set = #"{"X-Api-Key": "ours", "Authorization": "Basic dTpw", "Accept": "application/json"}"#
        let proxy = try ProxyFixture("{\"url\": \"\(upstream.url)\", \"set_headers\": \(set)}", routes: Self.route)
        for token in [proxy.token("a:b"), nil] {
            let request = RequestText.of(
                "GET", token == nil ? "/open" : "/x", token: token, "x-api-key: theirs", "Accept: */*", "ACCEPT: a/b")
            XCTAssertEqual(try proxy.answer(request).status, 200)
            XCTAssertEqual(upstream.requests.last?.fields("X-Api-Key"), ["ours"])
            XCTAssertEqual(upstream.requests.last?.fields("Authorization"), ["Basic dTpw"])
            XCTAssertEqual(upstream.requests.last?.fields("Accept"), ["application/json"])
        }
    }

    func testHostIsTheCallersOrTheUpstreams() throws {
        for setting in ["preserve", "upstream"] {
            let upstream = try ScriptedUpstream()
            let proxy = try ProxyFixture(
                "{\"url\": \"\(upstream.url)\", \"host_header\": \"\(setting)\"}", routes: Self.route)
            let own = "127.0.0.1:\(upstream.port)"
            XCTAssertEqual(try proxy.answer("GET /open HTTP/1.1\r\nHost: Api.Test:81\r\n\r\n").status, 200)
            XCTAssertEqual(upstream.requests[0].fields("Host"), [setting == "preserve" ? "Api.Test:81" : own])
            XCTAssertEqual(upstream.requests[0].fields("X-Forwarded-Host"), ["Api.Test:81"])
            // A caller of HTTP/1.0 need not name a host.
            XCTAssertEqual(try proxy.answer("GET /open HTTP/1.0\r\n\r\n").status, 200)
            XCTAssertEqual(upstream.requests[1].fields("Host"), [own])
            XCTAssertEqual(upstream.requests[1].fields("X-Forwarded-Host"), [])
        }
    }
}

extension Array where Element: Equatable {
    /// True when `part` stands in the array, in one piece.
    func contains(_ part: [Element]) -> Bool {
        guard count >= part.count else { return false }
        return (0...(count - part.count)).contains { self[$0..<($0 + part.count)].elementsEqual(part) }
    }
}
