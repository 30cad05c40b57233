import ProxyCore
import XCTest

final class ForwardProxySettingsTests: XCTestCase {
    func testProxiesAsPeopleWriteThem() throws {
        let table: [(String, String, UInt16, String?)] = [
            ("http://proxy.example:3128", "proxy.example", 3128, nil),
            ("proxy.example:3128", "proxy.example", 3128, nil),
            ("HTTP://Proxy.Example:3128/", "proxy.example", 3128, nil), ("http://proxy", "proxy", 1080, nil),
            ("http://proxy:80/x?y#z", "proxy", 80, nil), ("http://[::1]:3128", "::1", 3128, nil),
            ("http://[::1]", "::1", 1080, nil), ("10.0.0.1:8080", "10.0.0.1", 8080, nil),
            ("http://user:pass@p:1", "p", 1, "Basic dXNlcjpwYXNz"), ("user@p:1", "p", 1, "Basic dXNlcjo="),
            ("http://u%40x:p%3A%2F%25@p:1", "p", 1, "Basic dUB4OnA6LyU="),
            ("http://u:a@b@p:1", "p", 1, "Basic dTphQGI="),
            ("http://:p@h:1", "h", 1, "Basic OnA="),
        ]
        for (text, host, port, authorization) in table {
            let proxy = try ForwardProxy(text)
            XCTAssertEqual(proxy.host, host, text)
            XCTAssertEqual(proxy.port, port, text)
            XCTAssertEqual(proxy.authorization, authorization, text)
        }
        let refused: [(String, ForwardProxy.Problem)] = [
            ("https://p:1", .notHTTP), ("socks5://p:1", .notHTTP), ("socks5h://p:1", .notHTTP), ("://p", .notHTTP),
            ("http://", .badAddress), ("http://p:0", .badAddress), ("http://p:x", .badAddress), ("p q", .badAddress),
            ("http://p\r\nX: y", .badAddress), ("http://\(String(repeating: "u", count: 9000))@p:1", .badAddress),
            ("http://u:%zz@p:1", .badCredentials),
            ("http://u%4@p:1", .badCredentials),
        ]
        for (text, problem) in refused {
            XCTAssertThrowsError(try ForwardProxy(text), text) { error in
                XCTAssertEqual(error as? ForwardProxy.Problem, problem, text)
            }
        }
    }

    func testWhichVariableCounts() throws {
        let table: [([String: String], String, String?)] = [
            ([:], "https://h/", nil), (["https_proxy": "a"], "https://h/", "a"),
            (["https_proxy": "a"], "http://h/", nil),
            (["HTTPS_PROXY": "a"], "https://h/", "a"), (["https_proxy": "a", "HTTPS_PROXY": "b"], "https://h/", "a"),
            (["https_proxy": "", "HTTPS_PROXY": "b"], "https://h/", "b"), (["http_proxy": "a"], "http://h/", "a"),
            (["HTTP_PROXY": "a"], "http://h/", nil), (["http_proxy": "a"], "https://h/", nil),
            (["ALL_PROXY": "a"], "https://h/", "a"), (["all_proxy": "a"], "http://h/", "a"),
            (["all_proxy": "a", "https_proxy": "b"], "https://h/", "b"),
            (["https_proxy": "a", "no_proxy": "h"], "https://h/", nil),
            (["https_proxy": "a"], "https://127.0.0.1/", nil),
            (["https_proxy": "a"], "https://localhost/", nil), (["https_proxy": "a"], "https://[::1]/", nil),
            (["https_proxy": "a", "no_proxy": "x", "NO_PROXY": "h"], "https://h/", "a"),
            (["https_proxy": "a", "no_proxy": "", "NO_PROXY": "h"], "https://h/", nil),
        ]
        for (environment, url, expected) in table {
            let route = ForwardProxySettings { environment[$0] }.route(to: try KeyLocation(url))
            let proxy = try expected.map { try ForwardProxy($0) }
            XCTAssertEqual(route, proxy.map { .proxy($0) } ?? .direct, "\(environment) \(url)")
        }
        let bad = ForwardProxySettings { $0 == "HTTPS_PROXY" ? "socks5://p:1" : nil }
        XCTAssertEqual(
            bad.route(to: try KeyLocation("https://h/")), .unusable(variable: "HTTPS_PROXY", .notHTTP))
        XCTAssertEqual(bad.route(to: try KeyLocation("https://localhost/")), .direct)
    }

    func testHostsThatAreReachedWithoutAProxy() throws {
        let table: [(String, String, Bool)] = [
            ("example.com", "https://example.com/", true), ("example.com", "https://a.b.example.com/", true),
            (".example.com", "https://example.com/", true), (".example.com", "https://a.example.com/", true),
            ("*.example.com", "https://a.example.com/", true), ("example.com.", "https://EXAMPLE.com/", true),
            ("Example.COM", "https://example.com/", true), ("example.com", "https://badexample.com/", false),
            ("example.com", "https://example.com.evil/", false), ("ample.com", "https://example.com/", false),
            ("a.example.com", "https://example.com/", false), ("*", "https://example.com/", true),
            ("*", "https://10.0.0.1/", true), ("a*", "https://ab/", false), ("", "https://a/", false),
            (",, ,.,", "https://a/", false), ("a, b\tc,d", "https://c/", true), ("a, b\tc,d", "https://d/", true),
            ("a:8443", "https://a:8443/", true), ("a:8443", "https://a/", false), ("a:443", "https://a/", true),
            ("10.0.0.1", "https://10.0.0.1/", true), ("10.0.0.1", "https://10.0.0.10/", false),
            ("10.0.0.0/8", "https://10.200.3.4/", true), ("10.0.0.0/8", "https://11.0.0.1/", false),
            ("10.0.0.0/8", "https://name/", false), ("10.0.0.1:444", "https://10.0.0.1:444/", true),
            ("10.0.0.1:444", "https://10.0.0.1/", false), ("2001:db8::/32", "https://[2001:db8::5]/", true),
            ("2001:db8::5", "https://[2001:db8::5]/", true), ("[2001:db8::5]", "https://[2001:db8::5]/", true),
            ("[2001:db8::5]:444", "https://[2001:db8::5]:444/", true),
            ("[2001:db8::5]:444", "https://[2001:db8::5]/", false), ("0.0.1", "https://10.0.0.1/", false),
            ("10.0.0.0/99", "https://10.0.0.1/", false),
        ]
        for (exceptions, url, isDirect) in table {
            let environment = ["https_proxy": "p:1", "no_proxy": exceptions]
            let route = ForwardProxySettings { environment[$0] }.route(to: try KeyLocation(url))
            XCTAssertEqual(route == .direct, isDirect, "\(exceptions) \(url)")
        }
    }
}
