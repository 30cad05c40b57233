import Foundation
import ProxyCore
import XCTest

final class TokenCommandTests: XCTestCase {
    private let directory = TemporaryDirectory()

    private func arguments(_ tokens: TokenServer, _ more: String...) -> [String] {
        let secret = directory.write("hush\n", to: "secret")
        return ["token", "--endpoint", tokens.url, "--client-id", "job", "--secret-file", secret] + more
    }

    func testATokenAndAHeader() throws {
        let tokens = try TokenServer()
        let run = CommandRun(arguments(tokens))
        XCTAssertEqual(run.output, ["token-1"])
        XCTAssertEqual(run.errors, [])
        XCTAssertEqual(run.status, .success)
        XCTAssertEqual(CommandRun(arguments(tokens, "--header")).output, ["Authorization: Bearer token-2"])
        let all = CommandRun(
            arguments(
                tokens, "--secret-in-body", "--scope", "a b", "--audience", "x", "--resource", "https://a.example/"))
        XCTAssertEqual(all.status, .success)
        XCTAssertEqual(
            tokens.requests[2].text,
            "grant_type=client_credentials&client_id=job&client_secret=hush&scope=a+b&audience=x"
                + "&resource=https%3A%2F%2Fa.example%2F")
        XCTAssertTrue(tokens.requests[0].field("User-Agent")?.hasPrefix("scopeproxy/") ?? false)
    }

    func testOfATargetOfTheConfiguration() throws {
        let tokens = try TokenServer()
        directory.write("hush", to: "secret")
        func target(_ id: String) -> String {
            """
            {"id": "\(id)", "host": "\(id).test", "upstream": "http://127.0.0.1:1", "token": {
             "token_endpoint": "\(tokens.url)", "client_id": "\(id)", "client_secret": "${file:secret}"}}
            """
        }
        func file(_ targets: String) -> String {
            directory.write(
                """
                {"listen": "127.0.0.1:0", "upstream": "http://127.0.0.1:9000",
                 "routes": [{"path": "/{rest...}", "public": true}],
                 "egress": {"listen": "127.0.0.1:0", "targets": [\(targets)]}}
                """, to: "routes.json")
        }
        var path = file(target("a"))
        XCTAssertEqual(CommandRun("token", "--config", path).output, ["token-1"])
        path = file(target("a") + "," + target("b"))
        XCTAssertEqual(CommandRun("token", "--config", path, "--target", "b").output, ["token-2"])
        XCTAssertEqual(
            CommandRun("token", "--config", path).errors.first, "scopeproxy token: --target ID is missing")
        let unknown = CommandRun("token", "--config", path, "--target", "c")
        XCTAssertEqual(unknown.status, .usage)
        XCTAssertTrue(unknown.errors[0].contains("the configuration has no such target"), unknown.errors[0])
    }

    func testWhatGoesWrongIsTold() throws {
        let tokens = try TokenServer(.answers("401 Unauthorized", body: #"{"error":"invalid_client"}"#))
        let refused = CommandRun(arguments(tokens))
        XCTAssertEqual(refused.status, .failure)
        XCTAssertEqual(refused.output, [])
        XCTAssertTrue(refused.errors[0].contains("invalid_client"), refused.errors[0])
        XCTAssertFalse(refused.errors[0].contains("hush"))
        let missing = CommandRun(
            "token", "--endpoint", tokens.url, "--client-id", "a", "--secret-file", directory.path("none"))
        XCTAssertEqual(missing.status, .usage)
        XCTAssertTrue(missing.errors[0].contains("cannot be read"), missing.errors[0])
    }

    func testArgumentsThatAreWrong() {
        let good = ["--client-id", "a", "--secret-file", "s"]
        let table: [([String], String)] = [
            ([], "--endpoint URL or --issuer URL is missing"),
            (["--endpoint", "https://a.example/t"], "--client-id ID is missing"),
            (["--endpoint", "https://a.example/t", "--client-id", "a"], "--secret-file FILE, --secret-env NAME or"),
            (["--endpoint", "https://a.example/t", "--issuer", "https://a.example"] + good, "not both"),
            (["--endpoint", "http://a.example/t"] + good, "anyone on the way can read the credentials"),
            (["--endpoint", "a.example"] + good, "is not an absolute https:// or http:// address"),
            (["--issuer", "http://a.example"] + good, "beyond loopback"),
            (["--endpoint", "https://a.example/t", "--secret-env", "X"] + good, "not both"),
            (["--endpoint", "https://a.example/t", "--private-key", "X"] + good, "not both"),
            (["--endpoint", "https://a.example/t", "--certificate", "X", "--client-id", "a"], "--private-key FILE is"),
            (["--endpoint", "https://a.example/t", "--key-id", "X", "--client-id", "a"], "--private-key FILE is"),
            (["--endpoint", "http://127.0.0.1/t", "--certificate", "X", "--private-key", "Y", "--client-id", "a"],
                "is shown in TLS only"),
            (["--endpoint", "https://a.example/t", "--scope", "a \"b\""] + good, "is not a scope"),
            (["--endpoint", "https://a.example/t", "--client-id", "a", "--secret-env", "SCOPEPROXY_NOT_SET"],
                "the variable is not set"),
            (["--target", "a"], "--config FILE is missing"), (["--config", "f"] + good, "not both"),
            (["x"], "too many arguments"), (["--secret", "hush"], "unknown option --secret"),
        ]
        for (arguments, words) in table {
            let run = CommandRun(["token"] + arguments)
            XCTAssertEqual(run.status, .usage, "\(arguments)")
            XCTAssertTrue(run.errors.first?.contains(words) ?? false, "\(arguments): \(run.errors)")
            XCTAssertFalse(run.errors.joined().contains("hush"))
        }
    }

    // MARK: - The cache

    func testACachedTokenIsUsedForWhatItWasGivenFor() throws {
        let tokens = try TokenServer()
        let cache = directory.path("cache")
        for _ in 0..<3 { XCTAssertEqual(CommandRun(arguments(tokens, "--cache", cache)).output, ["token-1"]) }
        XCTAssertEqual(tokens.requests.count, 1)
        let mode = try FileManager.default.attributesOfItem(atPath: cache)[.posixPermissions] as? Int
        XCTAssertEqual(mode, 0o600)
        XCTAssertFalse(try String(contentsOfFile: cache, encoding: .utf8).contains("hush"))
        // Another purpose, another token; the file holds the last one.
        XCTAssertEqual(CommandRun(arguments(tokens, "--cache", cache, "--scope", "a")).output, ["token-2"])
        XCTAssertEqual(CommandRun(arguments(tokens, "--cache", cache)).output, ["token-3"])
    }

    func testAFileThatOthersMayReadOrThatIsDamagedHoldsNothing() throws {
        let tokens = try TokenServer()
        let cache = directory.path("cache")
        XCTAssertEqual(CommandRun(arguments(tokens, "--cache", cache)).output, ["token-1"])
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: cache)
        XCTAssertEqual(CommandRun(arguments(tokens, "--cache", cache)).output, ["token-2"])
        for text in ["", "{}", "token", #"{"token":"x"}"#] {
            directory.write(text, to: "cache")
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: cache)
            XCTAssertEqual(CommandRun(arguments(tokens, "--cache", cache)).status, .success)
        }
        XCTAssertEqual(tokens.requests.count, 6)
        let nowhere = CommandRun(arguments(tokens, "--cache", directory.path("no/such/folder")))
        XCTAssertEqual(nowhere.status, .software)
        XCTAssertEqual(nowhere.output, ["token-7"])
    }

    func testTheLifeOfACachedToken() throws {
        let tokens = try TokenServer()
        let client = TokenClient(
            endpoint: .address(try KeyLocation(tokens.url)), id: "job", proof: .secretBasic(.environment(value: "x")),
            access: .test)
        let file = TokenFile(path: directory.path("cache"))
        let answer = try TokenAnswer(
            parsing: Array(#"{"access_token":"abc","token_type":"Bearer","expires_in":100}"#.utf8))
        try file.write(answer, of: client, asked: UnixTime(1000))
        let table: [(now: Int64, isKept: Bool, isDue: Bool)] = [
            (999, false, false), (1000, true, false), (1074, true, false), (1075, true, true), (1094, true, true),
            (1095, false, false), (2000, false, false),
        ]
        for row in table {
            let kept = file.read(for: client, now: UnixTime(row.now))
            XCTAssertEqual(kept != nil, row.isKept, "\(row)")
            XCTAssertEqual(kept?.isDueForRenewal(at: UnixTime(row.now)) ?? false, row.isDue, "\(row)")
        }
        var other = client
        other.id = "job2"
        XCTAssertNil(file.read(for: other, now: UnixTime(1000)))
    }

    func testATokenThatHasNotExpiredServesWhileTheServerIsAway() throws {
        let tokens = try TokenServer()
        let secret = directory.write("hush\n", to: "secret")
        let url = tokens.url
        let client = TokenClient(
            endpoint: .address(try KeyLocation(url)), id: "job", proof: .secretBasic(.file(secret)), access: .test)
        let file = TokenFile(path: directory.path("cache"))
        let answer = try TokenAnswer(
            parsing: Array(#"{"access_token":"old","token_type":"Bearer","expires_in":1000}"#.utf8))
        try file.write(answer, of: client, asked: UnixTime(Clock.unixTime().seconds - 900))
        XCTAssertEqual(CommandRun(arguments(tokens, "--cache", file.path)).output, ["token-1"])
        let asked = UnixTime(Clock.unixTime().seconds - 900)
        try file.write(answer, of: client, asked: asked)
        // What is said against the client counts at once.
        tokens.behave(.answers("401 Unauthorized", body: #"{"error":"invalid_client"}"#))
        let refused = CommandRun(arguments(tokens, "--cache", file.path))
        XCTAssertEqual(refused.output, [])
        XCTAssertEqual(refused.status, .failure)
        for body in ["", #"{"error":"temporarily_unavailable"}"#, "x"] {
            tokens.behave(.answers("503 Down", body: body))
            let run = CommandRun(arguments(tokens, "--cache", file.path))
            XCTAssertEqual(run.output, ["old"], body)
            XCTAssertEqual(run.status, .success)
            XCTAssertTrue(run.errors.joined().contains("the token of before"), "\(run.errors)")
            XCTAssertEqual(run.errors.joined().contains("temporarily_unavailable"), body.hasPrefix("{"))
        }
        tokens.server.stop()
        let run = CommandRun(
            "token", "--endpoint", url, "--client-id", "job", "--secret-file", secret, "--cache", file.path)
        XCTAssertEqual(run.output, ["old"])
        XCTAssertEqual(run.status, .success)
    }
}
