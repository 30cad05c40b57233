import Foundation
import ProxyCore
import XCTest

/// issuer.json and the file of clients: what is read, and what is refused with its place.
final class IssuerConfigurationTests: XCTestCase {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Fixtures/issuer")

    private func problems<Value>(_ load: () throws(ConfigurationProblems) -> Value) -> [String] {
        do throws(ConfigurationProblems) {
            _ = try load()
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    private func load(_ text: String) -> [String] {
        problems { () throws(ConfigurationProblems) in
            try IssuerConfigurationLoader(environment: { _ in nil }).load(Array(text.utf8), file: "issuer.json")
        }
    }

    // MARK: - issuer.json

    func testFixtures() throws {
        for (folder, count) in [("good", 0), ("bad", 1), ("bad-loader-only", 1)] {
            let files = try FileManager.default.contentsOfDirectory(
                at: Self.folder.appendingPathComponent(folder), includingPropertiesForKeys: nil)
            XCTAssertFalse(files.isEmpty)
            for file in files {
                let found = problems { () throws(ConfigurationProblems) in
                    try IssuerConfigurationLoader(environment: { _ in nil }).load(file.path)
                }
                XCTAssertEqual(found.count, count, "\(file.lastPathComponent): \(found)")
                for problem in found { XCTAssertTrue(problem.hasPrefix("\(file.path):"), problem) }
            }
        }
    }

    func testWhatIsRead() throws {
        let path = Self.folder.appendingPathComponent("good/full.json").path
        let read = try IssuerConfigurationLoader(environment: { _ in nil }).load(path)
        XCTAssertEqual(read.server.tokens.issuer.name, "https://auth.example.com/tenant")
        XCTAssertEqual(read.listen.description, "127.0.0.1:8081")
        XCTAssertEqual(read.clients, Self.folder.appendingPathComponent("good/clients.json").path)
        XCTAssertEqual(read.keysDirectory, Self.folder.appendingPathComponent("good/state/keys").path)
        XCTAssertEqual(read.auditPath, "/var/log/audit.log")
        XCTAssertTrue(read.auditIsDurable)
        XCTAssertEqual(read.signing.algorithm, .rs256)
        XCTAssertEqual(read.signing.rotateAfterSeconds, 86_400)
        XCTAssertEqual(read.signing.publishBeforeSeconds, 700)
        XCTAssertEqual(read.signing.maxAgeSeconds, 300)
        XCTAssertEqual(read.signing.tokenLifetimeMax, 600)
        XCTAssertEqual(read.server.tokens.lifetimeSeconds, 60)
        XCTAssertTrue(read.server.tokens.addsScopeArray && read.server.tokens.addsGrantType)
        XCTAssertEqual(read.server.guesses.failuresPerClient, 3)
        XCTAssertEqual(read.server.guesses.failuresPerAddress, 9)
        XCTAssertEqual(read.server.guesses.waitMaxSeconds, 30)
        XCTAssertEqual(read.service.bodyBytes, 4096)
        XCTAssertEqual(read.service.connections, 50)
        XCTAssertEqual(read.service.connectionsPerAddress, 20)
        XCTAssertEqual(read.service.keepAliveIdle, .seconds(20.5))
        XCTAssertEqual(read.drainGrace, .seconds(1.5))
        XCTAssertEqual(read.service.drainIdle, .seconds(3))
        XCTAssertEqual(read.drain, .zero)
        XCTAssertEqual(read.revokedTokensMax, 1000)
        XCTAssertEqual(read.usedAssertionsMax, 2000)
        XCTAssertEqual(read.server.callers.trustedProxies.count, 1)
        let small = Self.folder.appendingPathComponent("good/minimal.json").path
        let defaults = try IssuerConfigurationLoader(environment: { _ in nil }).load(small)
        XCTAssertEqual(defaults.auditPath, defaults.stateDirectory + "/audit.log")
        XCTAssertFalse(defaults.auditIsDurable)
        XCTAssertEqual(defaults.signing, SigningKeySchedule())
    }

    func testEveryProblemIsToldAtItsPlace() {
        XCTAssertEqual(
            load(
                """
                {"issuer": "auth", "listen": "x",
                 "client": "c", "tokens": {"lifetime_seconds": "5"},
                 "signing": {"algorithm": "ES265"}, "state_dir": "s", "state_dir": "t"}
                """),
            [
                "issuer.json:1:12: issuer: expected an https:// or http:// URL with a host and perhaps a plain path; "
                    + "no query, fragment or user name",
                "issuer.json:1:30: listen: expected \"address:port\", like 127.0.0.1:8080 or [::1]:8080; "
                    + "port 0 takes any free one",
                "issuer.json:2:2: client: unknown key; did you mean \"clients\"?",
                "issuer.json:2:48: tokens.lifetime_seconds: expected a whole number, found a string",
                "issuer.json:3:27: signing.algorithm: must be one of \"ES256\", \"RS256\", \"PS256\", \"EdDSA\"; "
                    + "did you mean \"ES256\"?",
                "issuer.json:3:55: state_dir: this member was given before in the same object",
            ])
    }

    // MARK: - Clients

    private func clients(_ text: String) -> [String] {
        problems { () throws(ConfigurationProblems) in
            try ClientsReader.load(Array("{\"clients\":[\(text)]}".utf8), file: "c.json")
        }
    }

    func testWhatIsWrittenIsReadAgain() throws {
        var client = RegisteredClient(id: "a b/ü".filter(\.isASCII), scopes: ["x"], audiences: ["https://a", "b$c"])
        client.secrets = [ClientSecret(hashing: "one", created: UnixTime(5)), ClientSecret(hashing: "two")]
        client.secrets[0].expires = UnixTime(1_800_000_000)
        client.isEnabled = false
        client.lifetimeSeconds = 60
        client.mayIntrospect = true
        client.claims = [ClientClaim("tenant", "${HOME} \"x\"")].compactMap { $0 }
        client.keys = try ClientKeys(parsing: Array("{\"keys\":[\(TestSigner().jwk())]}".utf8))
        client.certificate = .subject("CN=a,O=b")
        var other = RegisteredClient(id: "other", scopes: [], audiences: ["c"])
        other.certificate = .thumbprint(Base64URL.encode([UInt8](repeating: 7, count: 32).span).span.text)
        for list in [[], [client], [client, other]] {
            XCTAssertEqual(try ClientsReader.load(ClientsDocument.bytes(list), file: "c.json"), list)
        }
    }

    func testWhatIsWrongWithClients() {
        let hash = ClientSecret(hashing: "x").hash
        let secret = #"{"hash":"\#(hash)","created":"2027-01-15T08:00:00Z"}"#
        let good = #""id":"a","scopes":["x"],"audiences":["y"]"#
        let rows: [(String, String?)] = [
            ("{\(good)}", nil), ("{\(good),\"secrets\":[\(secret),\(secret)]}", nil),
            (#"{"scopes":["x"],"audiences":["y"]}"#, "id: missing"),
            (#"{"id":"a","audiences":["y"]}"#, "scopes: missing"), (#"{"id":"a","scopes":[]}"#, "audiences: missing"),
            (#"{"id":"","scopes":[],"audiences":["y"]}"#, "must not be empty"),
            (#"{"id":"é","scopes":[],"audiences":["y"]}"#, "printable ASCII"),
            (#"{"id":"a","scopes":["x y"],"audiences":["y"]}"#, "expected a scope"),
            (#"{"id":"a","scopes":[],"audiences":[]}"#, "must not be empty"),
            ("{\(good),\"secret\":\"s\"}", "unknown key; did you mean \"secrets\"?"),
            ("{\(good),\"enabled\":1}", "expected true or false"), ("{\(good),\"lifetime_seconds\":0}", "whole number"),
            ("{\(good),\"claims\":{\"iss\":\"x\"}}", "is a claim that the issuer sets itself"),
            ("{\(good),\"claims\":{\"a\":1}}", "expected a string"),
            ("{\(good),\"secrets\":[\(secret),\(secret),\(secret)]}", "must not hold more than 2"),
            ("{\(good),\"secrets\":[{\"hash\":\"\(hash)\"}]}", "created: missing"),
            ("{\(good),\"secrets\":[{\"created\":\"2027-01-15T08:00:00Z\"}]}", "hash: missing"),
            ("{\(good),\"secrets\":[{\"hash\":\"x\",\"created\":\"2027-01-15T08:00:00Z\"}]}", "expected sha256:"),
            ("{\(good),\"secrets\":[{\"hash\":\"\(hash)\",\"created\":\"now\"}]}", "expected a time"),
            ("{\(good),\"jwks\":{\"keys\":[]}}", "holds no usable key"), ("{\(good),\"jwks\":{}}", "not usable"),
            ("{\(good),\"certificate\":{}}", "name either"), ("{\(good),\"certificate\":{\"thumbprint\":\"x\"}}", "43"),
            ("{\(good),\"certificate\":{\"subject\":\"a\",\"thumbprint\":\"x\"}}", "not both"),
            ("{\(good)},{\(good)}", "clients[1].id: the same id as clients[0]"), ("1", "expected an object"),
        ]
        for (text, expected) in rows {
            let found = clients(text)
            XCTAssertEqual(found.count, expected == nil ? 0 : 1, "\(text): \(found)")
            guard let expected, let problem = found.first else { continue }
            XCTAssertTrue(problem.contains(expected) && problem.hasPrefix("c.json:1:"), problem)
        }
    }
}
