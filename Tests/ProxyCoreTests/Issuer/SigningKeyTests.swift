import ProxyCore
import XCTest

final class SigningKeyTests: XCTestCase {
    /// RFC 7638 section 3.1.
    func testTheThumbprintOfTheSpecification() throws {
        let modulus = """
            0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB\
            ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8\
            KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_\
            xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw
            """
        let bytes = Array(modulus.utf8)
        let material = KeyMaterial.rsa(modulus: try XCTUnwrap(Base64URL.decode(bytes.span)), exponent: [1, 0, 1])
        XCTAssertEqual(SigningKey.thumbprint(of: material), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
    }

    /// RFC 8037 appendix A.3.
    func testTheThumbprintOfAnEdwardsKey() throws {
        let bytes = Array("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".utf8)
        let material = KeyMaterial.edwards(.ed25519, x: try XCTUnwrap(Base64URL.decode(bytes.span)))
        XCTAssertEqual(SigningKey.thumbprint(of: material), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
    }
}
