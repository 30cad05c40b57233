import Foundation
import ProxyCore
import XCTest

final class SigningKeyStoreTests: XCTestCase {
    private let directory = TemporaryDirectory()
    private let now = UnixTime(1_800_000_000)

    private func store(_ change: (inout SigningKeySchedule) -> Void = { _ in }) throws -> SigningKeyStore {
        var schedule = SigningKeySchedule()
        change(&schedule)
        return try SigningKeyStore(directory.path("keys"), schedule)
    }

    func testTheFirstKeySignsAtOnceAndLaterOnesInTime() throws {
        let store = try store()
        try store.maintain(at: now)
        try store.maintain(at: now)
        XCTAssertEqual(try store.keys().map(\.activates), [now])
        let due = UnixTime(now.seconds + 30 * 86_400)
        try store.maintain(at: UnixTime(due.seconds - 3600))
        XCTAssertEqual(try store.keys().map(\.activates), [now, due])
        // The old one goes when its last token has expired.
        let end = due.seconds + 3600 + SigningKeySchedule.margin
        try store.maintain(at: UnixTime(end - 1))
        XCTAssertEqual(try store.keys().count, 2)
        try store.maintain(at: UnixTime(end))
        XCTAssertEqual(try store.keys().map(\.activates), [due])
    }

    func testRotationByCommand() throws {
        let store = try store()
        try store.maintain(at: now)
        let later = UnixTime(now.seconds + 10)
        XCTAssertEqual(try store.rotate(atOnce: false, at: later)?.activates.seconds, later.seconds + 3600)
        XCTAssertNil(try store.rotate(atOnce: false, at: later))
        XCTAssertEqual(try store.rotate(atOnce: true, at: later)?.activates, later)
        let keys = try store.keys()
        XCTAssertEqual(keys.map { store.phase(of: $0, among: keys, at: later) }, [
            .old(until: UnixTime(later.seconds + 3600 + SigningKeySchedule.margin)), .signing, .next,
        ])
    }

    /// A clock was a year ahead for a moment in which a key was due.
    func testAKeyThatIsAheadHoldsNothingUp() throws {
        let store = try store()
        try store.maintain(at: now)
        let year = UnixTime(now.seconds + 365 * 86_400)
        try store.maintain(at: year)
        let ahead = try store.maintain(at: now).map(\.activates.seconds)
        XCTAssertEqual(ahead, [year.seconds + 3600])
        let keys = try store.keys()
        XCTAssertEqual(keys.map { store.phase(of: $0, among: keys, at: now) }, [.signing, .ahead])
        XCTAssertEqual(try store.rotate(atOnce: false, at: now)?.activates.seconds, now.seconds + 3600)
        XCTAssertNil(try store.rotate(atOnce: false, at: now))
    }

    func testEveryAlgorithmAndAChangeOfIt() throws {
        for algorithm in [SignatureAlgorithm.rs256, .edDSA, .ps256, .es256] {
            let store = try store { $0.algorithm = algorithm }
            try store.maintain(at: now)
            let made = try XCTUnwrap(try store.keys().first { $0.algorithm == algorithm })
            let key = made.signingKey
            XCTAssertEqual(key.keyID, made.keyID)
            XCTAssertFalse(key.sign([1, 2, 3].span).isEmpty)
        }
        XCTAssertEqual(try store().keys().count, 4)
    }

    func testKeysAreTheirOwnersAlone() throws {
        let store = try store()
        try store.maintain(at: now)
        let name = try XCTUnwrap(try FileManager.default.contentsOfDirectory(atPath: store.path).first { $0 != "lock" })
        let path = store.path + "/" + name
        XCTAssertEqual(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int, 0o600)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        XCTAssertThrowsError(try store.keys()) { error in
            let message = (error as? SigningKeyStore.Failure)?.message ?? ""
            XCTAssertTrue(message.contains(name) && message.contains("chmod"), message)
        }
    }

    func testDamagedKeysAreTold() throws {
        let store = try store()
        try store.maintain(at: now)
        for text in ["", "{}", #"{"alg":"ES256","created":"x","activates":"y","private_key":"z"}"#] {
            try FileWriter.replace(store.path + "/x.key.json", with: Array(text.utf8))
            XCTAssertThrowsError(try store.keys())
        }
        try FileManager.default.removeItem(atPath: store.path + "/x.key.json")
        XCTAssertEqual(try store.keys().count, 1)
    }

    /// The private key in it would lie there for ever.
    func testAKeyThatWasLeftHalfWrittenIsRemoved() throws {
        let store = try store()
        try store.maintain(at: now)
        let before = try FileManager.default.contentsOfDirectory(atPath: store.path)
        for rotates in [false, true] {
            for name in ["x.key.json.17.tmp", "notes.17.tmp"] {
                try FileWriter.replace("\(store.path)/\(name)", with: [])
            }
            XCTAssertEqual(try store.keys().count, 1)
            if rotates { _ = try store.rotate(atOnce: false, at: now) } else { try store.maintain(at: now) }
            let names = try FileManager.default.contentsOfDirectory(atPath: store.path)
            XCTAssertTrue(Set(names).isSuperset(of: before + ["notes.17.tmp"]), "what is none of ours is left alone")
            XCTAssertFalse(names.contains("x.key.json.17.tmp"))
        }
    }
}
