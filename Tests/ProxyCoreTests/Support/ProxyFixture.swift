import ProxyCore
import XCTest

/// A proxy that runs in this process, from the text of a configuration such as users write, with keys and tokens of the
/// test's making. Stopped, at the latest, when it goes.
///
///     let upstream = try ScriptedUpstream()
///     let proxy = try ProxyFixture(
///         upstream.url, routes: #"{"path": "/v2/users/{uid}", "scopes": ["profile:read"]}"#)
///     let response = try proxy.answer(RequestText.of("GET", "/v2/users/7", token: proxy.token("profile:read")))
final class ProxyFixture {
    let server: ProxyServer
    let signer: TestSigner
    let log: LogCapture
    private var isRunning = true

    /// - Parameters:
    ///   - upstream: an address, or the text of an object.
    ///   - routes: the elements of `routes`.
    ///   - more: further members of the configuration.
    ///   - listen: what the configuration says of that.
    ///   - environment: what `${NAME}` stands for.
    ///   - issuers: the elements of `issuers`; by default the test's issuer, with the key of `signer`.
    init(
        _ upstream: String, routes: String, _ more: String = "", issuers: String? = nil,
        signer: TestSigner = TestSigner(), workers: Int = 1, listen: String = #""127.0.0.1:0""#,
        file: String = "/nowhere/routes.json", environment: [String: String] = [:]
    ) throws {
        self.signer = signer
        let upstream = upstream.hasPrefix("{") ? upstream : "\"\(upstream)\""
        let text = """
            {
              "listen": \(listen), "workers": \(workers), "upstream": \(upstream),
              "issuers": [\(issuers ?? Self.issuer("\"jwks\": {\"keys\": [\(signer.jwk())]}"))],
              "routes": [\(routes)]\(more.isEmpty ? "" : ",\n" + more)
            }
            """
        var configuration = try ConfigurationLoader(environment: { environment[$0] }).load(Array(text.utf8), file: file)
        // Else each test that drains would wait for the end of the time.
        if !more.contains("drain_idle_seconds") { configuration.timeouts.drainIdle = .zero }
        log = try LogCapture(level: configuration.logLevel)
        server = try ProxyServer.start(configuration, log: log.writer)
    }

    deinit { stop() }

    /// The element of `issuers` for the issuer of `ClaimsText`, with further members.
    static func issuer(_ members: String) -> String {
        "{\"issuer\": \"\(ClaimsText.issuer)\", \"audiences\": [\"\(ClaimsText.audience)\"], \(members)}"
    }

    /// Cuts all connections and waits for every thread; the log is complete afterwards.
    func stop() {
        guard isRunning else { return }
        isRunning = false
        server.cut()
        server.join()
        log.stop()
    }

    /// Waits for the end of a proxy that was told to drain; the log is complete afterwards.
    func awaitEnd(file: StaticString = #filePath, line: UInt = #line) throws {
        let patience = Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(20))
        do throws(WaitError) {
            try patience.awaitSignal(of: server.ended)
        } catch {
            XCTFail("the proxy did not end: \(error)", file: file, line: line)
        }
        stop()
    }

    // MARK: - Calls

    func client() throws -> RawClient { try RawClient(server.address) }

    /// Sends `request` on a connection of its own and reads one response.
    func answer(
        _ request: String, file: StaticString = #filePath, line: UInt = #line
    ) throws -> RawResponse {
        let client = try client()
        try client.send(request, file: file, line: line)
        return try client.response(to: String(request.prefix { $0 != " " }), file: file, line: line)
    }

    // MARK: - Tokens

    /// Good claims of this moment.
    var claims: ClaimsText { ClaimsText(now: Clock.unixTime().seconds - 5) }

    /// A good token with these scopes.
    func token(_ scope: String = "profile:read") -> String { token(claims.with("scope", "\"\(scope)\"")) }

    /// A token over these claims, signed by the issuer's key or another one.
    func token(_ claims: ClaimsText, header: String? = nil, signer: TestSigner? = nil) -> String {
        String(decoding: (signer ?? self.signer).token(claims.text, header: header), as: UTF8.self)
    }

    // MARK: - The log

    /// The line of the request for `path`, once it has been written.
    func logged(path: String, line: UInt = #line) throws -> LogEntry {
        try log.entries.await("line for \(path)", line: line) { $0.event == "request" && $0["path"] == path }
    }

    /// The line of the request with this identifier, once it has been written.
    func logged(id: String?, line: UInt = #line) throws -> LogEntry {
        try log.entries.await("line for \(id ?? "")", line: line) { $0.event == "request" && $0["request_id"] == id }
    }
}
