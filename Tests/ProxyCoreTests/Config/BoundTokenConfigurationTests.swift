import ProxyCore
import XCTest

/// `certificate_binding: required` wants callers who show a certificate.
final class BoundTokenConfigurationTests: ProxyTestCase {
    private let files = TLSFiles()
    private let folder = TemporaryDirectory()

    private func issuer(_ signer: TestSigner) -> String {
        ProxyFixture.issuer("\"jwks\": {\"keys\": [\(signer.jwk())]},\n  \"certificate_binding\": \"required\"")
    }

    private func problems(listen: String) -> [String] {
        let signer = TestSigner()
        let text = ProxyFixture.text(
            "http://127.0.0.1:1", routes: #"{"path": "/a", "authenticated": true}"#, issuers: issuer(signer),
            signer: signer, listen: listen)
        do throws(ConfigurationProblems) {
            _ = try ConfigurationLoader().load(Array(text.utf8), file: "routes.json")
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    func testListenersThatAskForNoCertificate() {
        let authority = "\"client_ca\": \"\(files.directory.path("ca.pem"))\", \"client_certificates\": "
        let place = "issuers[0].certificate_binding: refuses every token: callers show no certificate"
        let unless = "\(place) unless listen.tls.client_certificates is \"request\" or \"require\""
        for (listen, expected) in [
            ("\"127.0.0.1:0\"", "routes.json:4:26: \(place), since listen has no tls"),
            (files.listen(), "routes.json:6:26: \(unless)"),
            (files.listen("\"client_certificates\": \"none\""), "routes.json:6:26: \(unless)"),
            (files.listen(authority + "\"request\""), nil), (files.listen(authority + "\"require\""), nil),
        ] {
            XCTAssertEqual(problems(listen: listen), expected.map { [$0] } ?? [], listen)
        }
        // One mistake is told once.
        let misspelt = problems(listen: files.listen(authority + "\"required\""))
        XCTAssertEqual(misspelt.count, 1, "\(misspelt)")
        XCTAssertTrue(misspelt[0].contains("did you mean \"require\"?"), misspelt[0])
    }

    /// A listener with TLS comes with a restart only: until then nobody could show a certificate.
    func testAReloadThatWouldRefuseEverybody() throws {
        let upstream = try ScriptedUpstream()
        let routes = #"{"path": "/a", "scopes": ["a:read"]}"#
        let proxy = try ProxyFixture(upstream.url, routes: routes, folder: folder)
        let listen = files.listen(
            "\"client_ca\": \"\(files.directory.path("ca.pem"))\", \"client_certificates\": \"request\"")
        let told = try proxy.reload(upstream.url, routes: routes, issuers: issuer(proxy.signer), listen: listen)
        XCTAssertEqual(told.event, "reload_failed")
        let problem = try proxy.log.entries.await("problem") { $0.event == "configuration_problem" }
        XCTAssertTrue(problem["problem"]?.hasSuffix("since listen has no tls, which takes a restart") ?? false)
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/a", token: proxy.token("a:read"))).status, 200)
    }
}
