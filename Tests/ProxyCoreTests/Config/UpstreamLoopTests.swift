import ProxyCore
import XCTest

final class UpstreamLoopTests: XCTestCase {
    func testWhatLeadsToAListener() throws {
        let table: [(host: String, listener: String, leads: Bool)] = [
            ("127.0.0.1", "127.0.0.1", true), ("127.0.0.1", "0.0.0.0", true), ("127.0.0.1", "::", true),
            ("127.0.0.2", "127.0.0.1", false), ("::1", "::", true), ("::1", "127.0.0.1", false),
            ("::1", "0.0.0.0", false), ("0.0.0.0", "10.0.0.1", false), ("0.0.0.0", "0.0.0.0", true),
            ("localhost", "127.0.0.2", false), ("localhost", "::1", true), ("localhost", "::", true),
            ("0.0.0.0", "127.0.0.1", true), ("localhost", "127.0.0.1", true), ("localhost", "0.0.0.0", true),
            ("localhost", "10.0.0.1", false), ("10.0.0.1", "10.0.0.1", true), ("10.0.0.1", "0.0.0.0", false),
            ("api.example", "127.0.0.1", false),
        ]
        for row in table {
            let listener = SocketAddress.ip(try XCTUnwrap(IPAddress(row.listener)), port: 80)
            XCTAssertEqual(UpstreamAddress.tcp(host: row.host, port: 80).leads(to: listener), row.leads, "\(row)")
            XCTAssertFalse(UpstreamAddress.tcp(host: row.host, port: 81).leads(to: listener), "\(row)")
        }
        let path = UpstreamAddress.unix(path: "/run/a")
        XCTAssertTrue(path.leads(to: .unix(path: "/run/a")))
        XCTAssertFalse(path.leads(to: .unix(path: "/run/b")))
        XCTAssertFalse(path.leads(to: .ip(try XCTUnwrap(IPAddress("127.0.0.1")), port: 80)))
    }
}
