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
    /// Where the configuration is, when it may change.
    private let folder: TemporaryDirectory?
    private var isRunning = true

    /// - Parameters:
    ///   - upstream: an address, or the text of an object.
    ///   - routes: the elements of `routes`.
    ///   - more: further members of the configuration.
    ///   - listen: what the configuration says of that.
    ///   - environment: what `${NAME}` stands for.
    ///   - issuers: the elements of `issuers`; by default the test's issuer, with the key of `signer`.
    ///   - folder: where to write the configuration, as `routes.json`, for one that changes while the proxy runs.
    init(
        _ upstream: String, routes: String, _ more: String = "", issuers: String? = nil,
        signer: TestSigner = TestSigner(), workers: Int = 1, listen: String = #""127.0.0.1:0""#,
        file: String = "/nowhere/routes.json", environment: [String: String] = [:], folder: TemporaryDirectory? = nil
    ) throws {
        self.signer = signer
        self.folder = folder
        let text = Self.text(
            upstream, routes: routes, more, issuers: issuers, signer: signer, workers: workers, listen: listen)
        let loader = LoaderBox(environment: environment)
        guard let folder else {
            var configuration = try loader.loader.load(Array(text.utf8), file: file)
            // Else each test that drains would wait for the end of the time.
            if !more.contains("drain_idle_seconds") { configuration.timeouts.drainIdle = .zero }
            log = try LogCapture(level: configuration.logLevel)
            server = try ProxyServer.start(configuration, log: log.writer)
            return
        }
        let path = folder.write(text, to: "routes.json")
        let configuration = try loader.loader.load(path)
        log = try LogCapture(level: configuration.logLevel)
        server = try ProxyServer.start(
            configuration, log: log.writer,
            reloading: Reloading { () throws(ConfigurationProblems) in try loader.loader.load(path) })
    }

    /// The text of a configuration.
    static func text(
        _ upstream: String, routes: String, _ more: String = "", issuers: String? = nil, signer: TestSigner,
        workers: Int = 1, listen: String = #""127.0.0.1:0""#
    ) -> String {
        let upstream = upstream.hasPrefix("{") ? upstream : "\"\(upstream)\""
        return """
            {
              "listen": \(listen), "workers": \(workers), "upstream": \(upstream),
              "issuers": [\(issuers ?? Self.issuer("\"jwks\": {\"keys\": [\(signer.jwk())]}"))],
              "routes": [\(routes)]\(more.isEmpty ? "" : ",\n" + more)
            }
            """
    }

    /// Replaces the configuration, and tells the proxy as SIGHUP does.
    ///
    /// - Returns: what the log says came of it: `reloaded` or `reload_failed`.
    @discardableResult
    func reload(
        _ upstream: String, routes: String, _ more: String = "", issuers: String? = nil, workers: Int = 1,
        listen: String = #""127.0.0.1:0""#, line: UInt = #line
    ) throws -> LogEntry {
        try reload(
            Self.text(
                upstream, routes: routes, more, issuers: issuers, signer: signer, workers: workers, listen: listen),
            line: line)
    }

    @discardableResult
    func reload(_ text: String, line: UInt = #line) throws -> LogEntry {
        let before = reloads.count
        folder?.write(text, to: "routes.json")
        server.reload()
        return try awaitReload(after: before, line: line)
    }

    /// What the log says of reloads so far.
    var reloads: [LogEntry] { log.entries.values.filter { Self.isOutcome($0) } }

    /// What it says of the one after so many.
    @discardableResult
    func awaitReload(after count: Int, line: UInt = #line) throws -> LogEntry {
        try log.entries.await("reload", line: line) { Self.isOutcome($0) && reloads.count > count }
        return reloads[count]
    }

    private static func isOutcome(_ entry: LogEntry) -> Bool {
        entry.event == "reloaded" || entry.event == "reload_failed"
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

/// A loader that threads may share.
private struct LoaderBox: Sendable {
    let environment: [String: String]

    var loader: ConfigurationLoader {
        let environment = environment
        return ConfigurationLoader(environment: { environment[$0] })
    }
}
