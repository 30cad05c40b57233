import ProxyCore
import XCTest

final class CertificateThumbprintTests: XCTestCase {
    func testTextAndDigestAreTheSame() throws {
        let digest = Digest.sha256("certificate".utf8.span)
        let text = Base64URL.encode(digest.span)
        let thumbprint = try XCTUnwrap(CertificateThumbprint(digest: digest.span))
        XCTAssertEqual(CertificateThumbprint(base64URL: text.span), thumbprint)
        for index in digest.indices {
            var other = digest
            other[index] ^= 1
            XCTAssertNotEqual(CertificateThumbprint(digest: other.span), thumbprint)
        }
    }

    func testWhatIsNoThumbprint() {
        let digest = [UInt8](repeating: 7, count: 33)
        XCTAssertNil(CertificateThumbprint(digest: digest.span))
        XCTAssertNil(CertificateThumbprint(digest: digest.span.extracting(first: 31)))
        let good = String(decoding: Base64URL.encode(digest.span.extracting(first: 32)), as: UTF8.self)
        XCTAssertNotNil(CertificateThumbprint(base64URL: good.utf8.span))
        // The last character's unused bits, padding, other lengths, another alphabet.
        let rows = ["", good.dropLast() + "d", good + "=", good + "A", String(good.dropLast()), good.dropLast() + "+"]
        for row in rows { XCTAssertNil(CertificateThumbprint(base64URL: Array(row.utf8).span), row) }
    }
}
