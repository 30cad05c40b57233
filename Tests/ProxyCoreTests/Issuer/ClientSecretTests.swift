import ProxyCore
import XCTest

final class ClientSecretTests: XCTestCase {
    func testOnlyTheSecretItselfMatches() {
        let secret = ClientSecret.generate()
        let hashed = ClientSecret(hashing: secret)
        XCTAssertTrue(hashed.matches(secret))
        XCTAssertFalse(hashed.matches(secret + "A"))
        XCTAssertFalse(hashed.matches(String(secret.dropLast())))
        XCTAssertFalse(hashed.matches(""))
    }

    func testGeneratedSecretsNeedNoEncodingAnywhere() {
        let secret = ClientSecret.generate()
        XCTAssertEqual(secret.utf8.count, 43)
        XCTAssertTrue(secret.utf8.allSatisfy(ASCII.isUnreserved))
        XCTAssertNotEqual(secret, ClientSecret.generate())
    }
}
