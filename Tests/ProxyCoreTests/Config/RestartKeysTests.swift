import ProxyCore
import XCTest

/// What a running proxy keeps of its configuration, and says so.
final class RestartKeysTests: XCTestCase {
    private func configuration(_ members: String) throws -> Configuration {
        let text = """
            {"upstream": "http://127.0.0.1:9", "routes": [{"path": "/", "public": true}], \(members)}
            """
        return try ConfigurationLoader(environment: { _ in "secret" }).load(Array(text.utf8), file: "/x/routes.json")
    }

    private static func egress(_ listen: String, _ more: String = "") -> String {
        #""egress": {"listen": "\#(listen)", "targets": [{"host": "a.test", "upstream": "http://127.0.0.1:2", "#
            + #""token": {"token_endpoint": "http://127.0.0.1:3/", "client_id": "c", "client_secret": "${S}"}}]"#
            + "\(more)}"
    }

    func testEachKey() throws {
        let listen = #""listen": "127.0.0.1:1""#
        let table: [(String, String, [String])] = [
            (listen, listen + #", "realm": "x", "mode": "observe", "log": {"sample": 0.5}"#, []),
            (listen, #""listen": "127.0.0.1:2""#, ["listen"]), (listen, listen + #", "workers": 3"#, ["workers"]),
            (listen, listen + #", "reuse_port": true"#, ["reuse_port"]),
            (listen + #", "admin": "127.0.0.1:3""#, listen, ["admin"]),
            (listen, listen + #", "state_dir": "s""#, ["state_dir"]),
            (
                listen, listen + #", "log": {"level": "warn", "format": "text", "when_full": "block"}"#,
                ["log.level", "log.format", "log.when_full"]
            ),
            (listen, listen + ", " + Self.egress("127.0.0.1:4"), ["egress"]),
            (listen + ", " + Self.egress("127.0.0.1:4"), listen, ["egress"]),
            (
                listen + ", " + Self.egress("127.0.0.1:4"), listen + ", " + Self.egress("127.0.0.1:5"),
                ["egress.listen"]
            ),
            (
                listen + ", " + Self.egress("127.0.0.1:4"),
                listen + ", " + Self.egress("127.0.0.1:4", #", "max_connections": 3"#), []
            ),
        ]
        for (old, new, keys) in table {
            let running = try configuration(old)
            var changed = try configuration(new)
            XCTAssertEqual(changed.keepWhatNeedsRestart(of: running), keys, new)
            XCTAssertEqual(changed.keepWhatNeedsRestart(of: running), [], "nothing is left of it")
            XCTAssertEqual(changed.listen, running.listen)
            XCTAssertEqual(changed.egress?.listen, running.egress?.listen)
        }
    }
}
