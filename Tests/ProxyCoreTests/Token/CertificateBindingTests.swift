import ProxyCore
import XCTest

/// `cnf` (RFC 7800, RFC 8705 section 3.1): what a token says of it, for each way to take it.
final class CertificateBindingTests: XCTestCase {
    private let signer = TestSigner()
    private let now = UnixTime(ClaimsText.now)
    private static let mine = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

    private func verify(
        _ confirmation: String?, _ binding: CertificateBinding, from certificate: CertificateThumbprint? = nil
    ) throws -> TokenVerifier.Outcome {
        var issuer = TokenIssuer(issuer: ClaimsText.issuer, audiences: [ClaimsText.audience])
        issuer.certificateBinding = binding
        let verifier = TokenVerifier(issuers: [issuer], maxTokenBytes: 16_384)
        _ = verifier.install(try signer.keySet, issuer: 0)
        let token = signer.token(ClaimsText().with("cnf", confirmation).text)
        return verifier.verify(token.span, certificate: certificate, now: now)
    }

    func testATokenThatIsBoundCountsFromItsHolderOnly() throws {
        let mine = CertificateThumbprint(base64URL: Self.mine.utf8.span)
        let other = CertificateThumbprint(digest: Digest.sha256("other".utf8.span).span)
        XCTAssertNotNil(mine)
        for binding in [CertificateBinding.optional, .required] {
            let confirmation = #"{"x5t#S256":"\#(Self.mine)"}"#
            let token = try XCTUnwrap(verify(confirmation, binding, from: mine).token)
            XCTAssertEqual(token.certificate, mine)
            XCTAssertNil(token.bindingError(mine))
            XCTAssertEqual(token.bindingError(other), .otherCertificate)
            XCTAssertEqual(token.bindingError(nil), .missingCertificate)
            XCTAssertEqual(try verify(confirmation, binding, from: other).refusal, .otherCertificate)
            XCTAssertEqual(try verify(confirmation, binding).refusal, .missingCertificate)
            let escaped = #"{"x5t\u0023S256":"\#(Self.mine)"}"#
            XCTAssertNil(try verify(escaped, binding, from: mine).refusal)
        }
        let token = try XCTUnwrap(verify(#"{"x5t#S256":"\#(Self.mine)"}"#, .ignored, from: other).token)
        XCTAssertNil(token.certificate)
        XCTAssertNil(token.bindingError(nil))
    }

    func testATokenThatIsNotBound() throws {
        let mine = CertificateThumbprint(base64URL: Self.mine.utf8.span)
        for certificate in [nil, mine] {
            XCTAssertNil(try verify(nil, .optional, from: certificate).refusal)
            XCTAssertNil(try verify(nil, .ignored, from: certificate).refusal)
            XCTAssertEqual(try verify(nil, .required, from: certificate).refusal, .notBound)
        }
    }

    func testConfirmationsThatCannotBeChecked() throws {
        let bound = #""x5t#S256":"\#(Self.mine)""#
        let rows: [(confirmation: String, error: TokenError)] = [
            ("null", .invalidClaims), ("true", .invalidClaims), ("\"\(Self.mine)\"", .invalidClaims),
            ("[]", .invalidClaims), ("[{\(bound)}]", .invalidClaims), ("0", .invalidClaims),
            (#"{"x5t#S256":null}"#, .invalidClaims), (#"{"x5t#S256":7}"#, .invalidClaims),
            (#"{"x5t#S256":["\#(Self.mine)"]}"#, .invalidClaims), (#"{"x5t#S256":""}"#, .invalidClaims),
            (#"{"x5t#S256":"\#(Self.mine)="}"#, .invalidClaims), (#"{"x5t#S256":"\#(Self.mine)A"}"#, .invalidClaims),
            (#"{"x5t#S256":"\#(Self.mine.dropLast())"}"#, .invalidClaims),
            // Bits that no digest has: the last character stands for four.
            (#"{"x5t#S256":"\#(Self.mine.dropLast())B"}"#, .invalidClaims),
            (#"{"x5t#S256":"\#(Self.mine.dropLast())+"}"#, .invalidClaims),
            (#"{"x5t#S256":" \#(Self.mine.dropLast())"}"#, .invalidClaims),
            (#"{"x5t#S256":"\#(String(repeating: "00", count: 32))"}"#, .invalidClaims),
            ("{}", .unsupportedConfirmation), (#"{"jkt":"\#(Self.mine)"}"#, .unsupportedConfirmation),
            (#"{"jwk":{"kty":"EC"}}"#, .unsupportedConfirmation), (#"{"kid":"a"}"#, .unsupportedConfirmation),
            (#"{"x5t":"AAAA"}"#, .unsupportedConfirmation),
            (#"{"X5T#S256":"\#(Self.mine)"}"#, .unsupportedConfirmation),
            ("{\(bound),\"jkt\":\"\(Self.mine)\"}", .unsupportedConfirmation),
            ("{\"kid\":\"a\",\(bound)}", .unsupportedConfirmation),
            ("{\(bound),\(bound)}", .malformed),
        ]
        let mine = CertificateThumbprint(base64URL: Self.mine.utf8.span)
        for row in rows {
            for binding in [CertificateBinding.optional, .required] {
                XCTAssertEqual(try verify(row.confirmation, binding, from: mine).refusal, row.error, row.confirmation)
            }
            let ignored = try verify(row.confirmation, .ignored).refusal
            XCTAssertEqual(ignored, row.error == .malformed ? .malformed : nil, row.confirmation)
        }
    }

    /// What is refused for its binding costs neither a signature check nor a fetch of keys.
    func testTheBindingIsLookedAtBeforeTheKey() {
        let issuer = TokenIssuer(issuer: ClaimsText.issuer, audiences: [ClaimsText.audience])
        let verifier = TokenVerifier(issuers: [issuer], maxTokenBytes: 16_384)
        let token = signer.token(ClaimsText().with("cnf", #"{"x5t#S256":"\#(Self.mine)"}"#).text)
        XCTAssertEqual(verifier.verify(token.span, now: now).refusal, .missingCertificate)
    }
}
