import ProxyCore
import XCTest

/// Who stood in front of the proxy is believed from the proxies that the configuration names, and from nobody else.
final class TrustedProxyTests: XCTestCase {
    private static let route = #"{"path": "/{path...}", "public": true}, {"path": "/me", "authenticated": true}"#
    private static let told = [
        "X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 192.0.2.2, 192.0.2.3", "X-Forwarded-For:",
        "X-Forwarded-Proto: https", "X-Forwarded-Host: shop.test", "X-Forwarded-Port: 443",
        "X-Forwarded-Prefix: /shop", "X-Real-IP: 192.0.2.1", "Forwarded: for=192.0.2.1;proto=https",
        "Forwarded: for=\"[2001:db8::1]\"", "X-Request-Id: from-the-edge",
    ]

    func testATrustedProxyIsBelieved() throws {
        for trusted in ["127.0.0.1/32", "127.0.0.0/8", "10.0.0.0/8\", \"127.0.0.1"] {
            let forwarded = try forward(Self.told, trusted: "[\"\(trusted)\"]")
            XCTAssertEqual(forwarded.fields("X-Forwarded-For"), ["192.0.2.1, 192.0.2.2, 192.0.2.3, 127.0.0.1"])
            XCTAssertEqual(forwarded.fields("X-Forwarded-Proto"), ["https"])
            XCTAssertEqual(forwarded.fields("X-Forwarded-Host"), ["shop.test"])
            XCTAssertEqual(forwarded.fields("X-Forwarded-Port"), ["443"])
            XCTAssertEqual(forwarded.fields("X-Forwarded-Prefix"), ["/shop"])
            XCTAssertEqual(forwarded.fields("X-Real-IP"), ["192.0.2.1"])
            XCTAssertEqual(
                forwarded.fields("Forwarded"),
                ["for=192.0.2.1;proto=https, for=\"[2001:db8::1]\", for=\"127.0.0.1\""])
            XCTAssertEqual(forwarded.fields("X-Request-Id"), ["from-the-edge"])
        }
    }

    func testAStrangerIsNot() throws {
        for trusted in [nil, "[\"10.0.0.0/8\", \"127.0.0.2/32\", \"::1\"]"] {
            let forwarded = try forward(Self.told, trusted: trusted)
            XCTAssertEqual(forwarded.fields("X-Forwarded-For"), ["127.0.0.1"])
            XCTAssertEqual(forwarded.fields("X-Forwarded-Proto"), ["http"])
            XCTAssertEqual(forwarded.fields("X-Forwarded-Host"), ["api.test"])
            for name in ["X-Forwarded-Port", "X-Forwarded-Prefix", "X-Real-IP", "Forwarded"] {
                XCTAssertEqual(forwarded.fields(name), [], name)
            }
            XCTAssertEqual(forwarded.fields("X-Request-Id").map(\.count), [32])
        }
    }

    func testWhatATrustedProxyDidNotMeanIsNotKept() throws {
        // It passes on what callers send under names that an application may take for those that it set itself.
        let fields = [
            "X_Forwarded_For: spoofed", "x-forwarded.for: spoofed", "X_Forwarded_Proto: spoofed", "X_Real_IP: spoofed",
            "X_Request_Id: spoofed", "X-Auth-Subject: spoofed",
        ]
        let forwarded = try forward(fields, trusted: "[\"127.0.0.1\"]")
        XCTAssertFalse(forwarded.head.contains("spoofed"), forwarded.head)
        XCTAssertEqual(forwarded.fields("X-Forwarded-For"), ["127.0.0.1"])
        // Two answers to a question that has one are none.
        let twice = try forward(
            ["X-Forwarded-Proto: https", "X-Forwarded-Proto: http", "X-Request-Id: a", "X-Request-Id: b"],
            trusted: "[\"127.0.0.1\"]")
        XCTAssertEqual(twice.fields("X-Forwarded-Proto"), ["http"])
        XCTAssertEqual(twice.fields("X-Request-Id").map(\.count), [32])
    }

    func testATrustedProxyMayNameAnotherPathOrMethod() throws {
        let names = [
            "X-Original-URL", "X-Original-URI", "X-Rewrite-URL", "X-Envoy-Original-Path", "X-HTTP-Method",
            "x-http-method-override", "X-METHOD-OVERRIDE", "X-Script-Name", "SCRIPT_NAME", "path_info", "REMOTE_USER",
        ]
        let disguised = ["X_Original_URL: /disguised", "X-HTTP-Method.Override: disguised", "Proxy: disguised"]
        let told = try forward(names.map { "\($0): /told" } + disguised, trusted: "[\"127.0.0.1\"]")
        for name in names { XCTAssertEqual(told.fields(name), ["/told"], name) }
        XCTAssertFalse(told.head.contains("disguised"), told.head)
        let untold = try forward(names.map { "\($0): /told" }, trusted: "[\"10.0.0.0/8\"]")
        XCTAssertFalse(untold.head.contains("/told"), untold.head)
    }

    func testARequestIdentifierIsKeptWhereItIsSafe() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try ProxyFixture(upstream.url, routes: Self.route, "\"trusted_proxies\": [\"127.0.0.1\"]")
        let kept = ["x", "a\"b\\c", "{<&>}", String(repeating: "i", count: 128)]
        let replaced = ["a b", "\u{e9}", "", String(repeating: "i", count: 129)]
        for id in kept + replaced {
            let response = try proxy.answer(RequestText.of("GET", "/me", "X-Request-Id: \(id)"))
            XCTAssertEqual(response.status, 401)
            let shown = try XCTUnwrap(response.field("X-Request-Id"))
            XCTAssertEqual(shown == id, kept.contains(id), id)
            XCTAssertEqual(response.json("request_id")?.string, shown, id)
            XCTAssertEqual(try proxy.logged(id: shown)["reason"], "missing_token")
        }
    }

    private func forward(_ fields: [String], trusted: String?) throws -> RawRequest {
        let upstream = try ScriptedUpstream()
        let more = trusted.map { "\"trusted_proxies\": \($0)" } ?? ""
        let proxy = try ProxyFixture(upstream.url, routes: Self.route, more)
        let lines = ["GET /x HTTP/1.1", "Host: api.test"] + fields
        XCTAssertEqual(try proxy.answer(lines.joined(separator: "\r\n") + "\r\n\r\n").status, 200)
        return upstream.requests[0]
    }
}
