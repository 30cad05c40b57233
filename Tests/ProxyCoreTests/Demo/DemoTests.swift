import ProxyCore
import XCTest

/// The whole walk, against the three servers.
final class DemoTests: XCTestCase {
    private func run(
        _ file: String, isColored: Bool = false, usesTLS: Bool = false
    ) throws -> (isAsTold: Bool, page: String) {
        var options = DemoOptions()
        options.file = file
        options.endsAfterWalk = true
        options.isColored = isColored
        options.usesTLS = usesTLS
        var lines: [String] = []
        let isAsTold = try Demo.run(options) { lines += $0 }
        return (isAsTold, lines.joined(separator: "\n"))
    }

    private let ownRules = SourceTree.root.appendingPathComponent("routes.json").path

    func testEveryAnswerIsAsTold() throws {
        let (isAsTold, page) = try run(ownRules)
        XCTAssertTrue(isAsTold, page)
        assertEnd(of: page, steps: 19)
        XCTAssertFalse(page.contains("NOT AS TOLD"))
        XCTAssertFalse(page.contains("\u{1B}"))
        XCTAssertEqual(page.components(separatedBy: "\n    ok").count, 21)
        let told = [
            "TOKEN=$(curl -s", "PARTNER=$(curl -s", "EXPIRED=$(printf %s", "FORGED=\"${WRITER%.*}.${TOKEN##*.}\"",
            "curl -i -H \"Authorization: Bearer $TOKEN\" http://127.0.0.1:", "--path-as-is", "-X PUT",
            "--data-urlencode audience=https://other.example.com", "-d '{\"name\":\"Alan Turing\"}'",
            "WWW-Authenticate: Bearer realm=\"api\", error=\"insufficient_scope\", scope=\"profile:create\"",
            "error_description=\"The token has expired\"", "Allow: GET, HEAD, DELETE", "HTTP/1.1 404 Not Found",
        ]
        for part in told { XCTAssertTrue(page.contains(part), part) }
        for line in page.split(separator: "\n") { XCTAssertLessThanOrEqual(line.count, 130, String(line)) }
    }

    func testTheSameOverTLS() throws {
        let (isAsTold, page) = try run(ownRules, usesTLS: true)
        XCTAssertTrue(isAsTold, page)
        assertEnd(of: page, steps: 23)
        // The daemon's calls to egress, which is beside it.
        XCTAssertEqual(page.components(separatedBy: "http://").count, 3, page)
        XCTAssertTrue(page.contains("error_description=\"The token is bound to another client certificate\""), page)
        let authority = try XCTUnwrap(page.split { $0 == " " || $0 == "\n" }.first { $0.hasSuffix("/ca.pem") })
        XCTAssertEqual(page.components(separatedBy: "--cacert \(authority)").count, 23)
        XCTAssertEqual(page.components(separatedBy: "--cert ").count, 4)
        XCTAssertTrue(page.contains("\"X-Auth-Issuer\":\"https://127.0.0.1:"))
        XCTAssertFalse(FileManager.default.fileExists(atPath: String(authority)))
        for line in page.split(separator: "\n") { XCTAssertLessThanOrEqual(line.count, 160, String(line)) }
    }

    func testTheDemoSpeaksTLSOnlyWhenItIsToldAndShowsColorsToo() throws {
        let files = TLSFiles()
        let directory = TemporaryDirectory()
        let rules = """
            {"listen": \(files.listen()), "upstream": "https://127.0.0.1:2",
             "issuers": [{"issuer": "http://127.0.0.1:3", "jwks_uri": "http://127.0.0.1:3/", "audiences": ["a"]}],
             "routes": [{"path": "/v2/users/{uid}", "scopes": ["profile:read"]}]}
            """
        let page = try run(directory.write(rules, to: "routes.json"), isColored: true).page
        XCTAssertTrue(page.contains("HTTP/1.1 200 OK\u{1B}[0m\n    \u{1B}[2m{\"uid\":\"1\""), page)
        XCTAssertTrue(page.contains("\u{1B}[32mok\u{1B}[0m"))
    }

    /// The last lines: all answers, and all calls under rotation.
    private func assertEnd(of page: String, steps: Int, line: UInt = #line) {
        let lines = page.split(separator: "\n").suffix(2).map(String.init)
        XCTAssertEqual(lines.first, "\(steps) of \(steps) answers were as told.", page, line: line)
        let calls = lines.last.flatMap { Int($0.prefix { $0 != " " }) } ?? 0
        XCTAssertEqual(lines.last, "\(calls) calls while secret and key were replaced: 0 failed.", page, line: line)
        XCTAssertGreaterThanOrEqual(calls, 40, line: line)
    }

    func testAnAnswerThatIsNotAsToldIsNoticed() throws {
        let directory = TemporaryDirectory()
        let rules = """
            {"listen": "127.0.0.1:1", "upstream": "http://127.0.0.1:2",
             "issuers": [{"issuer": "http://127.0.0.1:3", "jwks_uri": "http://127.0.0.1:3/", "audiences": ["a"]}],
             "routes": [{"path": "/v2/{rest...}", "public": true}]}
            """
        let (isAsTold, page) = try run(directory.write(rules, to: "routes.json"))
        XCTAssertFalse(isAsTold)
        XCTAssertTrue(page.contains("NOT AS TOLD: the status is 200, not 401; WWW-Authenticate does not say"), page)
    }

    func testRulesThatCannotBeShown() throws {
        let directory = TemporaryDirectory()
        let rules = """
            {"listen": "127.0.0.1:1", "upstream": "http://127.0.0.1:2", "routes": [{"path": "/a", "public": true}]}
            """
        let noIssuer = directory.write(rules, to: "public.json")
        XCTAssertThrowsError(try run(noIssuer)) { error in
            guard case DemoError.noIssuer = error else { return XCTFail("\(error)") }
        }
        XCTAssertThrowsError(try run(directory.path("missing.json"))) { error in
            guard case DemoError.configuration = error else { return XCTFail("\(error)") }
        }
    }
}
