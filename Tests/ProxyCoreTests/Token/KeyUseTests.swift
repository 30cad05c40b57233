import ProxyCore
import XCTest

final class KeyUseTests: XCTestCase {
    func testTheLatestUseCounts() {
        let use = KeyUse()
        XCTAssertNil(use.last)
        use.note(UnixTime(7))
        use.note(UnixTime(9))
        XCTAssertEqual(use.last, UnixTime(9))
    }

    /// A key that stays in the set keeps its past; one of the same name over other numbers is another key.
    func testASetGoesOnWithWhatIsKnownOfItsKeys() throws {
        let (stays, goes, comes) = (TestSigner(keyID: "a"), TestSigner(keyID: "b"), TestSigner(keyID: "b"))
        let before = try TestSigner.keySet([goes.jwk(), stays.jwk()])
        before.uses[0].note(UnixTime(1))
        before.uses[1].note(UnixTime(2))
        let after = try TestSigner.keySet([stays.jwk(), comes.jwk()]).continuing(before)
        XCTAssertEqual(after.uses.map(\.last), [UnixTime(2), nil])
        before.uses[1].note(UnixTime(3))
        XCTAssertEqual(after.uses[0].last, UnixTime(3), "tokens that are remembered go on noting it")
    }
}
