import ProxyCore
import XCTest

/// `check NEW --against OLD`.
final class CheckAgainstTests: XCTestCase {
    private let directory = TemporaryDirectory()

    override func setUp() {
        directory.write("{\"keys\":[\(TestSigner().jwk())]}", to: "keys.json")
    }

    private func run(_ new: ConfigurationText, _ old: ConfigurationText) -> CommandRun {
        CommandRun(
            "check", directory.write(new.text, to: "new.json"), "--against",
            directory.write(old.text, to: "old.json"))
    }

    private static let old = ConfigurationText(
        #"{"path":"/v2/users","methods":["GET"],"scopes":["profile:read"]}"#,
        #"{"path":"/v2/users","methods":["POST"],"scopes":["profile:create"]}"#,
        #"{"path":"/admin/{page}","methods":["GET"],"scopes":["admin"]}"#,
        #"{"path":"/{rest...}","authenticated":true}"#)

    func testNothingNewSaysSo() {
        let run = run(Self.old, Self.old)
        XCTAssertEqual(run.status, .success)
        XCTAssertEqual(
            run.output,
            ["no request is decided otherwise by its route", "", "nothing is permitted that was not before"])
    }

    func testWhatLetsMoreThroughComesFirstAndBearsAMark() {
        let new = ConfigurationText(
            #"{"path":"/v2/users","methods":["GET"],"authenticated":true}"#,
            #"{"path":"/v2/users","methods":["POST"],"scopes":["profile:create","users:write"]}"#,
            #"{"path":"/{rest...}","authenticated":true}"#)
        let run = run(new, Self.old)
        XCTAssertEqual(run.status, .failure)
        XCTAssertEqual(run.errors, [])
        let changes = run.output.dropFirst().prefix { !$0.isEmpty }.map { line in
            line.split(separator: " ").prefix(4).joined(separator: " ")
        }
        XCTAssertEqual(
            changes,
            [
                "! loosened any /admin/{page}", "! loosened GET,HEAD /admin/{page}", "! loosened GET,HEAD /v2/users",
                "tightened POST /v2/users scopes",
            ])
        XCTAssertEqual(run.output.last, "3 of these may permit what was not permitted before (marked with !)")
    }

    func testTighteningIsNoFailure() {
        let new = ConfigurationText(#"{"path":"/v2/users","methods":["GET"],"scopes":["profile:read"]}"#)
        let run = run(new, Self.old)
        XCTAssertEqual(run.status, .success, "\(run.output)")
        XCTAssertFalse(run.output.contains { $0.hasPrefix("!") })
    }

    func testIssuers() {
        var other = Self.old
        other.keys = #""jwks_uri":"https://issuer.test/keys""#
        let run = run(other, Self.old)
        XCTAssertEqual(run.status, .failure)
        XCTAssertTrue(run.output.contains("! issuer changed: \(ConfigurationText.issuer)"), "\(run.output)")
    }

    func testOtherKeysThatStandInTheFile() {
        func inline(_ signer: TestSigner) -> ConfigurationText {
            var text = Self.old
            text.keys = #""jwks":{"keys":[\#(signer.jwk())]}"#
            return text
        }
        let (one, other) = (inline(TestSigner()), inline(TestSigner()))
        let replaced = run(other, one)
        XCTAssertEqual(replaced.status, .failure)
        XCTAssertTrue(replaced.output.contains("! issuer changed: \(ConfigurationText.issuer)"), "\(replaced.output)")
        XCTAssertEqual(run(one, one).status, .success)
    }

    func testWhomCallersAreTakenFor() {
        for (key, text) in [
            ("trusted_proxies", #""trusted_proxies":["10.0.0.0/8"],"#), ("forward_token", #""forward_token":true,"#),
            ("identity_headers", #""identity_headers":{"prefix":"X-Caller-"},"#),
        ] {
            var new = Self.old
            new.more = text
            let run = run(new, Self.old)
            XCTAssertEqual(run.status, .failure, key)
            XCTAssertTrue(run.output.contains("! \(key) changed"), "\(run.output) \(run.errors)")
        }
    }

    func testFilesThatAreNotValid() {
        let good = directory.write(Self.old.text, to: "good.json")
        let bad = directory.write("{}", to: "bad.json")
        for arguments in [[good, "--against", bad], [bad, "--against", good], ["-", "--against", "-"]] {
            let run = CommandRun(["check"] + arguments)
            XCTAssertEqual(run.status, .usage)
            XCTAssertEqual(run.output, [])
            XCTAssertFalse(run.errors.isEmpty)
        }
    }
}
