import ProxyCore
import XCTest

final class TLSIdentityTests: XCTestCase {
    private let certificates = TestCertificates()

    private func error(_ certificate: [UInt8], _ key: [UInt8]) -> TLSIdentityError? {
        do throws(TLSIdentityError) {
            _ = try TLSIdentity(certificates: certificate.span, privateKey: key.span)
        } catch {
            return error
        }
        return nil
    }

    func testWhatIsWrongWithAPair() {
        let (good, other) = (certificates.issue(), certificates.issue())
        let (certificate, key) = (good.certificate, good.privateKey)
        let broken = Array(String(decoding: certificate, as: UTF8.self).replacing("MII", with: "AAA").utf8)
        let brokenKey = Array(String(decoding: key, as: UTF8.self).replacing("MIG", with: "AAA").utf8)
        let rows: [(String, [UInt8], [UInt8], TLSIdentityError?)] = [
            ("good", certificate, key, nil), ("both in one file", certificate + key, certificate + key, nil),
            ("with chain", certificate + certificates.authority.pem, key, nil),
            ("another's key", certificate, other.privateKey, .keyDoesNotFit),
            ("empty", [], key, .noCertificate), ("no key", certificate, [], .noPrivateKey),
            ("exchanged", key, certificate, .noCertificate), ("broken", broken, key, .malformedCertificate),
            ("broken key", certificate, brokenKey, .malformedPrivateKey),
            ("encrypted", certificate, Array(Self.encryptedKey.utf8), .encryptedPrivateKey),
            (
                "long chain", Array([[UInt8]](repeating: certificate, count: 17).joined()), key,
                .malformedCertificate
            ),
        ]
        for (name, certificate, key, expected) in rows {
            XCTAssertEqual(error(certificate, key), expected, name)
        }
    }

    func testTrustStores() {
        func error(_ bytes: [UInt8]) -> TrustStoreError? {
            do throws(TrustStoreError) { _ = try TrustStore(pem: bytes.span) } catch { return error }
            return nil
        }
        let pem = certificates.authority.pem
        XCTAssertNil(error(pem))
        XCTAssertNil(error(pem + pem))
        XCTAssertEqual(error([]), .noCertificate)
        XCTAssertEqual(error(certificates.issue().privateKey), .noCertificate)
        let broken = String(decoding: pem, as: UTF8.self).replacing("MII", with: "AAA")
        XCTAssertEqual(error(Array(broken.utf8)), .malformedCertificate)
        _ = TrustStore.system
    }

    /// Of nobody's: the outside of an encrypted key is enough to ask for a password.
    private static let encryptedKey = """
        -----BEGIN RSA PRIVATE KEY-----
        Proc-Type: 4,ENCRYPTED
        DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF

        AAAAAAAAAAAAAAAAAAAAAA==
        -----END RSA PRIVATE KEY-----
        """
}
