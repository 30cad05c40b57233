import Foundation
import ProxyCore
import XCTest

/// `client` and `keys`: what they say, and what they leave in the files.
final class ClientCommandsTests: XCTestCase {
    private let directory = TemporaryDirectory()
    private var config: String { directory.path("issuer.json") }

    override func setUp() {
        directory.write(
            """
            {"issuer":"https://auth.test","listen":"127.0.0.1:0","clients":"clients.json","state_dir":"state",
            "tokens":{"max_lifetime_seconds":900}}
            """, to: "issuer.json")
    }

    private func run(_ arguments: String...) -> CommandRun { CommandRun(arguments + ["--config", config]) }

    private func clients() throws -> [RegisteredClient] { try ClientsReader.load(directory.path("clients.json")) }

    private func secret(_ run: CommandRun) -> String {
        run.output.first { $0.hasPrefix("client_secret") }?.split(separator: " ").last.map(String.init) ?? ""
    }

    func testAClientIsMadeAndItsSecretShownOnce() throws {
        let made = run(
            "client", "add", "daemon", "--audiences", "https://a https://b https://a", "--scopes", "x:read x:write",
            "--lifetime", "60", "--claims", "tenant=acme region=eu=1", "--introspect")
        XCTAssertEqual(made.status, .success)
        XCTAssertEqual(made.output.first, "client daemon added")
        let secret = secret(made)
        XCTAssertEqual(secret.utf8.count, 43)
        let client = try XCTUnwrap(try clients().first)
        XCTAssertEqual(client.audiences, ["https://a", "https://b"])
        XCTAssertEqual(client.scopes, ["x:read", "x:write"])
        XCTAssertEqual(client.lifetimeSeconds, 60)
        XCTAssertTrue(client.mayIntrospect && client.isEnabled)
        XCTAssertEqual(client.claims.map(\.value), ["acme", "eu=1"])
        XCTAssertTrue(client.secrets[0].matches(secret))
        XCTAssertFalse(FileReader.text(directory.path("clients.json"))?.contains(secret) ?? true)
        let mode = try FileManager.default.attributesOfItem(atPath: directory.path("clients.json"))
        XCTAssertEqual(mode[.posixPermissions] as? Int, 0o600)
        for command in [["client", "list"], ["client", "show", "daemon"]] {
            for more in [[], ["--json"]] {
                let shown = CommandRun(command + more + ["--config", config])
                XCTAssertEqual(shown.status, .success)
                let text = shown.output.joined()
                XCTAssertTrue(text.contains("daemon") && text.contains("https://a"), text)
                XCTAssertFalse(text.contains(secret) || text.contains("sha256:"), text)
            }
        }
        XCTAssertEqual(run("client", "add", "daemon", "--audiences", "c").status, .failure)
        XCTAssertEqual(try clients().count, 1)
    }

    func testRotationLeavesTheOldSecretValidForAWhile() throws {
        let first = secret(run("client", "add", "daemon", "--audiences", "a"))
        let second = secret(run("client", "rotate", "daemon", "--old-expires", "2h"))
        var secrets = try clients()[0].secrets
        XCTAssertEqual(secrets.map { $0.matches(first) }, [true, false])
        XCTAssertTrue(secrets[1].matches(second))
        let end = try XCTUnwrap(secrets[0].expires)
        XCTAssertLessThanOrEqual(abs(end.seconds - Clock.unixTime().seconds - 7200), 5)
        XCTAssertNil(secrets[1].expires)
        // The third one ends the first.
        let third = secret(run("client", "rotate", "daemon"))
        secrets = try clients()[0].secrets
        XCTAssertEqual(secrets.count, 2)
        XCTAssertTrue(secrets[0].matches(second) && secrets[1].matches(third))
        // And with 0 there is only one.
        let fourth = secret(run("client", "rotate", "daemon", "--old-expires", "0"))
        secrets = try clients()[0].secrets
        XCTAssertEqual(secrets.map { $0.matches(fourth) }, [true])
        for bad in ["", "x", "5", "-1h", "1w", "366d", "1.5h", "99999999999999999999s"] {
            XCTAssertEqual(run("client", "rotate", "daemon", "--old-expires=\(bad)").status, .usage, bad)
        }
    }

    func testAFileBehindALinkIsTheOneThatChanges() throws {
        let files = FileManager.default
        let path = directory.path("clients.json")
        try files.createDirectory(atPath: directory.path("etc"), withIntermediateDirectories: false)
        try files.createSymbolicLink(atPath: directory.path("link"), withDestinationPath: "etc/real.json")
        try files.createSymbolicLink(atPath: path, withDestinationPath: directory.path("link"))
        // What does not exist is not made at the other end of a link.
        let refused = run("client", "add", "daemon", "--audiences", "a")
        XCTAssertEqual(refused.status, .software)
        XCTAssertTrue(refused.errors.joined().contains(#"{"clients": []}"#), "\(refused.errors)")
        directory.write(#"{"clients": []}"#, to: "etc/real.json")
        XCTAssertEqual(run("client", "add", "daemon", "--audiences", "a").status, .success)
        XCTAssertEqual(run("client", "disable", "daemon").status, .success)
        XCTAssertEqual(try ClientsReader.load(directory.path("etc/real.json")).map(\.isEnabled), [false])
        XCTAssertEqual(try files.destinationOfSymbolicLink(atPath: path), directory.path("link"))
        XCTAssertEqual(try files.destinationOfSymbolicLink(atPath: directory.path("link")), "etc/real.json")
        XCTAssertEqual(try files.contentsOfDirectory(atPath: directory.path("etc")).sorted(), [
            "real.json", "real.json.lock",
        ])
    }

    /// It holds secrets' hashes, of clients that may be gone by now.
    func testWhatAKilledCommandHasLeftIsRemoved() throws {
        let left = directory.write("{", to: "clients.json.17.tmp")
        XCTAssertEqual(run("client", "add", "daemon", "--audiences", "a").status, .success)
        XCTAssertFalse(FileManager.default.fileExists(atPath: left))
    }

    func testALinkThatLeadsRoundInCircles() throws {
        let path = directory.path("clients.json")
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path)
        XCTAssertEqual(run("client", "add", "daemon", "--audiences", "a").status, .software)
    }

    func testDisablingEnablingRemoving() throws {
        _ = run("client", "add", "daemon", "--audiences", "a")
        XCTAssertEqual(run("client", "disable", "daemon").output, ["client daemon disabled"])
        XCTAssertFalse(try clients()[0].isEnabled)
        XCTAssertEqual(run("client", "enable", "daemon").output, ["client daemon enabled"])
        XCTAssertTrue(try clients()[0].isEnabled)
        XCTAssertEqual(run("client", "remove", "daemon").output, ["client daemon removed"])
        XCTAssertEqual(try clients(), [])
        _ = run("client", "add", "daemon", "--audiences", "a")
        for word in ["disable", "enable", "remove", "rotate", "show"] {
            let refused = run("client", word, "deamon")
            XCTAssertEqual(refused.status, .failure)
            XCTAssertEqual(
                refused.errors, ["scopeproxy client \(word): there is no client deamon; did you mean daemon?"])
        }
    }

    func testKeysAndCertificatesInsteadOfASecret() throws {
        let jwks = directory.write("{ \"keys\": [\(TestSigner().jwk())] }", to: "keys.json")
        let made = run("client", "add", "k", "--audiences", "a", "--jwks", jwks, "--no-secret", "--json")
        XCTAssertEqual(made.status, .success)
        XCTAssertFalse(made.output.joined().contains("client_secret"))
        XCTAssertEqual(
            run("client", "add", "c", "--audiences", "a", "--certificate-subject", "CN=c", "--no-secret").status,
            .success)
        XCTAssertEqual(try clients().map { $0.secrets.count }, [0, 0])
        XCTAssertNotNil(try clients()[0].keys)
        XCTAssertEqual(try clients()[1].certificate, .subject("CN=c"))
        XCTAssertTrue(run("client", "list").output.contains { $0.contains("key") })
    }

    func testWhatIsRefused() {
        let rows: [[String]] = [
            ["client"], ["client", "ad"], ["client", "add"], ["client", "add", "x"],
            ["client", "add", "x", "--audiences", " "], ["client", "add", "é", "--audiences", "a"],
            ["client", "add", "x", "--audiences", "a", "--scopes", "é"],
            ["client", "add", "x", "--audiences", "a", "--lifetime", "0"],
            ["client", "add", "x", "--audiences", "a", "--lifetime", "901"],
            ["client", "add", "x", "--audiences", "a", "--claims", "iss=x"],
            ["client", "add", "x", "--audiences", "a", "--claims", "tenant"],
            ["client", "add", "x", "--audiences", "a", "--no-secret"],
            ["client", "add", "x", "--audiences", "a", "--jwks", config],
            ["client", "add", "x", "--audiences", "a", "--jwks", directory.path("none")],
            ["client", "add", "x", "--audiences", "a", "--certificate-thumbprint", "x"],
            ["client", "add", "x", "--audiences", "a", "--certificate-subject", "x", "--certificate-thumbprint", "x"],
            ["keys"], ["keys", "rot"], ["keys", "rotate", "x"],
        ]
        for row in rows {
            let refused = CommandRun(row.count > 2 ? row + ["--config", config] : row)
            XCTAssertEqual(refused.status, .usage, "\(row)")
            XCTAssertFalse(refused.errors.isEmpty)
            XCTAssertTrue(refused.output.isEmpty)
        }
        XCTAssertNil(FileReader.text(directory.path("clients.json")))
        directory.write("{\"clients\":[{\"id\":1}]}", to: "clients.json")
        for row in [["client", "list"], ["client", "add", "x", "--audiences", "a"], ["issuer"]] {
            let refused = CommandRun(row + ["--config", config])
            XCTAssertEqual(refused.status, .usage, "\(row)")
            XCTAssertTrue(refused.errors.last?.contains("clients.json:1:19") ?? false, "\(refused.errors)")
        }
        XCTAssertEqual(FileReader.text(directory.path("clients.json")), "{\"clients\":[{\"id\":1}]}")
        XCTAssertEqual(CommandRun("client", "list", "--config", directory.path("none")).status, .usage)
    }

    func testSigningKeysAreListedAndRotated() throws {
        try FileManager.default.createDirectory(
            atPath: directory.path("state"), withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700])
        XCTAssertEqual(run("keys", "rotate").status, .success)
        XCTAssertTrue(run("keys", "list").output[1].hasSuffix("signs"))
        XCTAssertEqual(run("keys", "rotate").status, .success)
        let again = run("keys", "rotate")
        XCTAssertEqual(again.status, .failure)
        XCTAssertEqual(run("keys", "rotate", "--at-once").status, .success)
        let listed = try JSONDocument(parsing: Array(run("keys", "list", "--json").output.joined().utf8)).root
        XCTAssertEqual(listed.elements.count, 3)
        XCTAssertEqual(listed.elements.count { $0["state"]?.string == "signing" }, 1)
        XCTAssertEqual(listed.elements.last?["state"]?.string, "next")
    }

    func testHelpOfGroups() {
        for arguments in [["client", "--help"], ["help", "client"], ["client", "-h"]] {
            let help = CommandRun(arguments)
            XCTAssertEqual(help.status, .success)
            XCTAssertTrue(help.output.contains { $0.contains("client rotate") })
        }
        XCTAssertEqual(CommandRun("help", "client", "add").output, CommandRun("client", "add", "--help").output)
        XCTAssertEqual(
            CommandRun("help", "client", "ad").errors.first,
            "scopeproxy: unknown command client ad; did you mean add?")
    }
}
