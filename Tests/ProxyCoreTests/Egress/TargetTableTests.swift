import ProxyCore
import XCTest

final class TargetTableTests: XCTestCase {
    private let matches: [OutgoingTarget.Match] = [
        .host("api.example.com", port: nil), .host("api.example.com", port: 8443), .host("10.0.0.1", port: nil),
        .host("::2", port: 80), .pathPrefix("/orders"), .pathPrefix("/orders/v2"), .pathPrefix("/Stock"),
    ]

    func testHostsAndPrefixes() {
        let table: [(String, String, Int?)] = [
            ("api.example.com", "/", 0), ("API.Example.COM", "/orders", 0), ("api.example.com:443", "/x", 0),
            ("api.example.com:8443", "/x", 1), ("api.example.com:", "/x", 0), ("10.0.0.1", "/", 2),
            ("10.0.0.1:9", "/", 2), ("[::2]:80", "/", 3), ("[::2]", "/", nil), ("[::2]:81", "/orders", nil),
            // A host that is none of ours, and not this machine's.
            ("example.com", "/orders", nil), ("api.example.com.", "/orders", nil), ("xapi.example.com", "/", nil),
            ("evil.example", "/orders", nil), ("127.0.0.2", "/orders", nil), ("localhost.evil.example", "/orders", nil),
            // By whole segments, the longest first.
            ("127.0.0.1:9100", "/orders", 4), ("localhost", "/orders/", 4), ("[::1]:9100", "/orders/7", 4),
            ("", "/orders/7", 4), ("127.0.0.1", "/orders/v2", 5), ("127.0.0.1", "/orders/v2/7", 5),
            ("127.0.0.1", "/orders/v22", 4), ("127.0.0.1", "/ordersx", nil), ("127.0.0.1", "/order", nil),
            ("127.0.0.1", "/", nil), ("127.0.0.1", "/x/orders", nil), ("127.0.0.1", "/ORDERS", nil),
            ("127.0.0.1", "/%6Frders", nil), ("127.0.0.1", "//orders", nil), ("127.0.0.1", "/Stock", 6),
        ]
        let targets = TargetTable(matches, acceptsAnyHost: false)
        for (host, path, expected) in table {
            XCTAssertEqual(find(targets, host, path), expected, "\(host) \(path)")
        }
    }

    func testEveryPathAndEveryHost() {
        let targets = TargetTable([.pathPrefix(""), .pathPrefix("/a")], acceptsAnyHost: true)
        for (host, path, expected) in [
            ("127.0.0.1", "/", 0), ("127.0.0.1", "/b/c", 0), ("127.0.0.1", "/a", 1), ("proxy.example", "/a/b", 1),
            ("", "/ab", 0),
        ] {
            XCTAssertEqual(find(targets, host, path), expected, "\(host) \(path)")
        }
    }

    private func find(_ table: TargetTable, _ host: String, _ path: String) -> Int? {
        let (host, path) = (Array(host.utf8), Array(path.utf8))
        return table.target(authority: host.span, path: path.span)
    }
}
