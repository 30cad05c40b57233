import ProxyCore
import XCTest

/// `upstream.tls`, with files that are there. Those that are not, and what else is wrong, are among the fixtures.
final class UpstreamTLSReaderTests: XCTestCase {
    private let files = TemporaryDirectory()
    private let certificates = TestCertificates()

    func testEveryKey() throws {
        let issued = certificates.issue(.client, ["proxy.example"])
        write(certificates.authority.pem, "ca.pem")
        write(issued.certificate, "client.pem")
        write(issued.privateKey, "client.key")
        let settings = try load(
            "https://10.0.0.7", """
                "ca_file": "ca.pem", "server_name": "API.internal", "certificate": "client.pem",
                "private_key": "client.key"
                """
        ).get().upstream
        XCTAssertEqual(settings.tls?.serverName, .host("api.internal"))
        XCTAssertEqual(settings.address, .tcp(host: "10.0.0.7", port: 443))
        XCTAssertEqual(settings.authority, "10.0.0.7")
        XCTAssertEqual(settings.description, "https://10.0.0.7:443")
    }

    /// Connections end with what they were opened with.
    func testAnotherPrivateKeyIsAnotherOrigin() throws {
        let (one, other) = (certificates.issue(.client, ["a"]), certificates.issue(.client, ["b"]))
        let keys = #""certificate": "client.pem", "private_key": "client.key""#
        write(one.certificate, "client.pem")
        write(one.privateKey, "client.key")
        let first = try load("https://a", keys).get()
        XCTAssertEqual(first.files.map(\.path).sorted(), ["client.key", "client.pem"].map(files.path))
        XCTAssertEqual(try load("https://a", keys).get().upstream.tlsOrigin, first.upstream.tlsOrigin)
        write(other.privateKey, "client.key")
        guard case .failure(let problems) = load("https://a", keys) else { return XCTFail("not its key") }
        XCTAssertTrue(problems.files.contains { $0.path == files.path("client.key") })
        write(one.privateKey + Array("\n".utf8), "client.key")
        XCTAssertNotEqual(try load("https://a", keys).get().upstream.tlsOrigin, first.upstream.tlsOrigin)
    }

    func testTheNameIsTheHost() throws {
        let rows: [(url: String, name: TLSServerName)] = [
            ("https://Api.internal:8443", .host("api.internal")),
            ("https://10.0.0.7", .address(IPAddress(v4: 0x0A00_0007))),
            ("HTTPS://[::1]:9443", try XCTUnwrap(IPAddress("::1").map { .address($0) })),
        ]
        for row in rows { XCTAssertEqual(try load(row.url, "").get().upstream.tls?.serverName, row.name, row.url) }
        XCTAssertNil(try load("http://a", nil).get().upstream.tls)
    }

    func testFilesThatAreNotWhatTheyShouldBe() throws {
        let (one, other) = (certificates.issue(.client, ["a"]), certificates.issue(.client, ["b"]))
        write(one.certificate, "one.pem")
        write(other.privateKey, "other.key")
        write(one.privateKey, "one.key")
        write(Array("nothing\n".utf8), "text")
        let rows: [(tls: String, problem: String)] = [
            (#""ca_file": "text""#, "tls.ca_file: holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"),
            (
                #""certificate": "one.pem", "private_key": "other.key""#,
                "tls.private_key: is not the private key of the certificate"
            ),
            (
                #""certificate": "one.key", "private_key": "one.key""#,
                "tls.certificate: holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"
            ),
            (
                #""certificate": "one.pem", "private_key": "text""#,
                "tls.private_key: holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)"
            ),
        ]
        for row in rows {
            guard case .failure(let problems) = load("https://a", row.tls) else {
                XCTFail("accepted: \(row.tls)")
                continue
            }
            let told = problems.problems.map { "\($0.keyPath): \($0.message)" }
            XCTAssertEqual(told, ["upstream." + row.problem])
        }
    }

    private func write(_ bytes: [UInt8], _ name: String) {
        files.write(String(decoding: bytes, as: UTF8.self), to: name)
    }

    private func load(_ url: String, _ tls: String?) -> Result<Configuration, ConfigurationProblems> {
        let text = """
            {"listen": "127.0.0.1:0", "upstream": {"url": "\(url)"\(tls.map { ", \"tls\": {\($0)}" } ?? "")},
             "routes": [{"path": "/", "public": true}]}
            """
        do throws(ConfigurationProblems) {
            return .success(
                try ConfigurationLoader(environment: { _ in nil }).load(
                    Array(text.utf8), file: files.path("routes.json")))
        } catch {
            return .failure(error)
        }
    }
}
