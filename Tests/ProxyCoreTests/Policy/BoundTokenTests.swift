import ProxyCore
import XCTest

/// Tokens that are bound to a client certificate, at the gate.
final class BoundTokenTests: XCTestCase {
    private static func thumbprint(_ text: String) -> CertificateThumbprint? {
        CertificateThumbprint(digest: Digest.sha256(text.utf8.span).span)
    }

    private static func confirmation(_ text: String) -> String {
        let encoded = Base64URL.encode(Digest.sha256(text.utf8.span).span)
        return #""cnf":{"x5t#S256":"\#(String(decoding: encoded, as: UTF8.self))"}"#
    }

    private func gate(
        _ binding: CertificateBinding = .optional, mode: EnforcementMode = .enforce
    ) throws -> GateHarness {
        try GateHarness([.route("GET /me"), .route("GET /open", .public)], mode: mode, binding: binding)
    }

    /// A token that is remembered is judged anew for whoever brings it: by then it may have been stolen.
    func testARememberedTokenDoesNotCountOnOtherConnections() throws {
        let gate = try gate()
        let token = gate.bearer("", Self.confirmation("mine"))
        let permit = GateHarness.Outcome.permit(route: 0, identified: true)
        let rows: [(String?, GateHarness.Outcome)] = [
            ("mine", permit), ("mine", permit), ("other", .refuse(.invalidToken(.otherCertificate))),
            (nil, .refuse(.invalidToken(.missingCertificate))), ("mine", permit),
        ]
        for (name, outcome) in rows {
            gate.certificate = name.flatMap(Self.thumbprint)
            XCTAssertEqual(gate.judge("GET /me", token), outcome, name ?? "none")
        }
        XCTAssertEqual(gate.gate.cache.count, 1)
        XCTAssertEqual(gate.gate.cache.hits, 4)
    }

    /// What is refused is not remembered.
    func testATokenOfSomebodyElseIsNotRemembered() throws {
        let gate = try gate()
        let token = gate.bearer("", Self.confirmation("mine"))
        gate.certificate = Self.thumbprint("other")
        for _ in 0..<3 { XCTAssertEqual(gate.judge("GET /me", token), .refuse(.invalidToken(.otherCertificate))) }
        XCTAssertEqual(gate.gate.cache.count, 0)
        XCTAssertEqual(gate.judge("GET /open", token), .permit(route: 1, identified: false))
    }

    func testRequiredAndIgnored() throws {
        let (required, ignoring) = (try gate(.required), try gate(.ignored))
        for certificate in [nil, Self.thumbprint("mine")] {
            required.certificate = certificate
            ignoring.certificate = certificate
            XCTAssertEqual(required.judge("GET /me", required.bearer()), .refuse(.invalidToken(.notBound)))
            let token = ignoring.bearer("", Self.confirmation("other"))
            for _ in 0..<2 { XCTAssertEqual(ignoring.judge("GET /me", token), .permit(route: 0, identified: true)) }
        }
        let token = required.bearer("", Self.confirmation("mine"))
        XCTAssertEqual(required.judge("GET /me", token), .permit(route: 0, identified: true))
    }

    func testItIsOnlyNotedWhereTheModeIsObserve() throws {
        let gate = try gate(mode: .observe)
        let token = gate.bearer("", Self.confirmation("mine"))
        gate.certificate = Self.thumbprint("mine")
        XCTAssertEqual(gate.judge("GET /me", token), .permit(route: 0, identified: true))
        gate.certificate = nil
        XCTAssertEqual(
            gate.judge("GET /me", token), .observe(.invalidToken(.missingCertificate), route: 0))
    }

    func testItIsExplainedAsItIsJudged() throws {
        let gate = try gate()
        let token = Array(gate.bearer("", Self.confirmation("mine")).dropFirst("Bearer ".count).utf8)
        let rows: [(CertificateThumbprint?, Explanation.Answer)] = [
            (Self.thumbprint("mine"), .permitted),
            (Self.thumbprint("other"), .refused(.invalidToken(.otherCertificate))),
            (nil, .refused(.invalidToken(.missingCertificate))),
        ]
        for (certificate, answer) in rows {
            let explanation = gate.gate.explain(
                method: "GET", path: "/me", .token(token, certificate: certificate), now: GateHarness.now)
            XCTAssertEqual(explanation.answer, answer)
        }
    }
}
