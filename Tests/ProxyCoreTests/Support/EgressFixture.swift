import ProxyCore
import XCTest

/// A proxy whose side for the service's own calls is what a test is about.
final class EgressFixture {
    let proxy: ProxyFixture
    let upstream: ScriptedUpstream

    /// - Parameters:
    ///   - targets: the elements of `egress.targets`.
    ///   - more: further members of the configuration.
    init(
        _ targets: String, _ more: String = "", egress: String = "", upstream: ScriptedUpstream? = nil,
        workers: Int = 1
    ) throws {
        let upstream = try upstream ?? ScriptedUpstream()
        self.upstream = upstream
        let egress = "\"egress\": {\"listen\": \"127.0.0.1:0\", \"targets\": [\(targets)]\(egress)}"
        proxy = try ProxyFixture(
            upstream.url, routes: #"{"path": "/{rest...}", "public": true}"#,
            "\"admin\": \"127.0.0.1:0\", " + egress + (more.isEmpty ? "" : ", " + more), workers: workers,
            environment: ["SECRET": "s3cr3t/+ ü"])
    }

    /// A target for the host `api.test`.
    static func target(_ upstream: ScriptedUpstream, _ tokens: TokenServer, _ more: String = "") -> String {
        target(upstream.url, tokens.url, more)
    }

    static func target(_ upstream: String, _ endpoint: String, _ more: String = "") -> String {
        """
        {"host": "api.test", "upstream": "\(upstream)", "token": {"token_endpoint": "\(endpoint)", \
        "client_id": "daemon", "client_secret": "${SECRET}"}\(more.isEmpty ? "" : ", " + more)}
        """
    }

    func client() throws -> RawClient { try RawClient(XCTUnwrap(proxy.server.egressAddress)) }

    /// Makes a call on a connection of its own.
    func call(_ request: String, file: StaticString = #filePath, line: UInt = #line) throws -> RawResponse {
        let client = try client()
        try client.send(request, file: file, line: line)
        return try client.response(to: String(request.prefix { $0 != " " }), file: file, line: line)
    }

    func get(_ target: String = "/", _ fields: String..., line: UInt = #line) throws -> RawResponse {
        let lines = ["GET \(target) HTTP/1.1", "Host: api.test"] + fields
        return try call(lines.joined(separator: "\r\n") + "\r\n\r\n", line: line)
    }

    /// The first line of the log that is about this event, once it has been written.
    @discardableResult
    func logged(_ event: String, line: UInt = #line) throws -> LogEntry {
        try proxy.log.entries.await(event, line: line) { $0.event == event }
    }
}
