import ProxyCore
import XCTest

/// Fetches through a proxy of the operator's network.
final class KeyProxyTests: XCTestCase {
    func testAnHTTPAddressIsAskedForByTheProxy() throws {
        let proxy = try ScriptedServer { _ in [.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")] }
        defer { proxy.stop() }
        XCTAssertNil(
            try failure("http://idp.example:81/jwks?x=1", ["http_proxy": "http://u:p@127.0.0.1:\(proxy.port)"]))
        let request = try XCTUnwrap(proxy.requests.first)
        XCTAssertTrue(request.head.hasPrefix("GET http://idp.example:81/jwks?x=1 HTTP/1.1\r\n"), request.head)
        XCTAssertEqual(request.field("Host"), "idp.example:81")
        XCTAssertEqual(request.field("Proxy-Authorization"), "Basic dTpw")
        XCTAssertEqual(proxy.requests.count, 1)
    }

    func testAProxyIsAskedForATunnelToTheServer() throws {
        let proxy = try ScriptedServer { _ in [.send("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")] }
        defer { proxy.stop() }
        let found = try failure("https://idp.example/jwks", ["HTTPS_PROXY": "http://u:p@127.0.0.1:\(proxy.port)"])
        XCTAssertEqual(found, .proxy(.status(403)))
        let request = try XCTUnwrap(proxy.requests.first)
        XCTAssertTrue(request.head.hasPrefix("CONNECT idp.example:443 HTTP/1.1\r\n"), request.head)
        XCTAssertEqual(request.field("Host"), "idp.example:443")
        XCTAssertEqual(request.field("Proxy-Authorization"), "Basic dTpw")
        _ = try failure("https://[2001:db8::1]:444/jwks", ["HTTPS_PROXY": "http://127.0.0.1:\(proxy.port)"])
        XCTAssertTrue(proxy.requests[1].head.hasPrefix("CONNECT [2001:db8::1]:444 HTTP/1.1\r\n"))
        XCTAssertNil(proxy.requests[1].field("Proxy-Authorization"))
    }

    func testWhatIsWrongWithAProxyIsSaid() throws {
        let established = "HTTP/1.1 200 Connection established\r\n"
        let table: [([ScriptedServer.Step], String)] = [
            (
                [.send("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n")],
                "the proxy answered with status 407: it wants a user name and password, or others"
            ),
            ([.send("HTTP/1.1 502 Bad Gateway\r\n\r\n")], "the proxy answered with status 502"),
            (
                [.send("HTTP/1.1 302 There\r\nLocation: https://idp.example/\r\n\r\n")],
                "the proxy answered with status 302"
            ),
            ([.send("SSH-2.0-OpenSSH_9.2\r\n")], "at the proxy: the answer is not proper HTTP: malformed_status_line"),
            ([.send("\u{15}\u{3}\u{1}\r\n\r\n")], "at the proxy: the answer is not proper HTTP: control_character"),
            ([.close], "at the proxy: the server closed the connection before its answer was complete"),
            (
                [.send(established), .close],
                "at the proxy: the server closed the connection before its answer was complete"
            ),
            ([.reset], "at the proxy: the connection broke: Connection reset by peer"),
            ([.hang], "at the proxy: the server took too long to answer"),
            (
                [.send(established + "X: " + String(repeating: "y", count: 40_000)), .hang],
                "at the proxy: the answer is not proper HTTP: head_too_long"
            ),
            ([.send(established + "\r\nearly"), .hang], "at the proxy: more came than the answer"),
        ]
        for (steps, message) in table {
            let proxy = try ScriptedServer { _ in steps }
            defer { proxy.stop() }
            let timeout: Interval = if case .hang? = steps.first { .milliseconds(80) } else { .seconds(20) }
            let environment = ["https_proxy": "127.0.0.1:\(proxy.port)"]
            let found = try failure("https://idp.example/jwks", environment, timeout: timeout)
            XCTAssertEqual(found?.message, message)
            XCTAssertEqual(found?.cause.description, "proxy")
        }
    }

    func testAProxyThatIsNotThereOrUnusableIsNotPassedBy() throws {
        let gone = try ScriptedServer { _ in [] }
        gone.stop()
        for url in ["https://idp.example/jwks", "http://idp.example/jwks"] {
            let refused = try failure(url, ["all_proxy": "127.0.0.1:\(gone.port)"])
            XCTAssertEqual(refused?.message, "at the proxy: no connection: Connection refused")
        }
        XCTAssertEqual(
            try failure("https://idp.example/", ["https_proxy": "http://u:secret@no-such-host.invalid:1"])?
                .message.hasPrefix("at the proxy: the host's name cannot be resolved"), true)
        let unusable = try failure("https://idp.example/", ["HTTPS_PROXY": "socks5://u:secret@p:1"])
        XCTAssertEqual(
            unusable?.message,
            "the environment variable HTTPS_PROXY: only proxies that are spoken to by http:// are supported")
    }

    func testThisMachineIsNeverReachedThroughAProxy() throws {
        let proxy = try ScriptedServer { _ in [.send("HTTP/1.1 500 No\r\n\r\n"), .close] }
        defer { proxy.stop() }
        let server = try ScriptedServer { _ in [.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")] }
        defer { server.stop() }
        let environment = ["all_proxy": "127.0.0.1:\(proxy.port)", "http_proxy": "127.0.0.1:\(proxy.port)"]
        for host in ["127.0.0.1", "localhost"] {
            XCTAssertNil(try failure("http://\(host):\(server.port)/", environment))
        }
        XCTAssertEqual(proxy.connections, 0)
    }

    private func failure(
        _ url: String, _ environment: [String: String], timeout: Interval = .seconds(20)
    ) throws -> KeyFetchFailure? {
        let access = KeyAccess(proxies: ForwardProxySettings { environment[$0] }, userAgent: "scopeproxy/test")
        let fetch = KeyFetch(.keySet, from: try KeyLocation(url), access)
        let patience = Patience(until: .never, cancel: try WakeUp()).atMost(timeout)
        do throws(KeyFetchFailure) {
            _ = try fetch.run(patience)
            return nil
        } catch {
            return error
        }
    }
}
