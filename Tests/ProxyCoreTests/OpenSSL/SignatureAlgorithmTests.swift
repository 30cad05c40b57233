import ProxyCore
import XCTest

final class SignatureAlgorithmTests: XCTestCase {
    func testNames() {
        for algorithm in SignatureAlgorithm.allCases {
            let name = algorithm.name.description
            XCTAssertEqual(SignatureAlgorithm(name: name.utf8.span), algorithm)
            XCTAssertNil(SignatureAlgorithm(name: (name + " ").utf8.span))
        }
        for name in ["", "none", "None", "nOnE", "HS256", "HS384", "HS512", "rs256", "RS-256", "ES256K", "EDDSA"] {
            XCTAssertNil(SignatureAlgorithm(name: name.utf8.span), name)
        }
    }

    func testSets() {
        let set = SignatureAlgorithmSet([.es256, .rs256])
        XCTAssertEqual(set.members, [.rs256, .es256])
        XCTAssertFalse(set.contains(.rs384))
        XCTAssertFalse(set.isEmpty)
        XCTAssertTrue(SignatureAlgorithmSet([]).isEmpty)
        XCTAssertEqual(SignatureAlgorithmSet.all.members, SignatureAlgorithm.allCases)
    }

    /// `EdDSA` and the names of RFC 9864 allow each other, as far as the curve goes.
    func testNamesOfEdDSA() {
        let generic = SignatureAlgorithmSet([.edDSA])
        let specific = SignatureAlgorithmSet([.ed25519])
        for set in [generic, specific] { XCTAssertTrue(set.mayAllow(.edDSA)) }
        XCTAssertTrue(generic.mayAllow(.ed25519))
        XCTAssertTrue(generic.allows(resolved: .ed448))
        XCTAssertTrue(specific.allows(resolved: .ed25519))
        XCTAssertFalse(specific.allows(resolved: .ed448))
        XCTAssertFalse(SignatureAlgorithmSet([.es256]).mayAllow(.edDSA))
        XCTAssertTrue(SignatureAlgorithmSet([.es256]).allows(resolved: .es256))
        XCTAssertFalse(SignatureAlgorithmSet([.es256]).allows(resolved: .rs256))
    }
}
