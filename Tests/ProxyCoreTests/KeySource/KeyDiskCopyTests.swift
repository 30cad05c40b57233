import ProxyCore
import XCTest

final class KeyDiskCopyTests: XCTestCase {
    private let directory = TemporaryDirectory()
    private let document = Array(#"{"keys": [{"kid":"é\u0000"}]}"#.utf8)

    func testReadsWhatWasWrittenWithItsAge() throws {
        for issuer in ["https://a.example/", "../../etc", "", "\"\\\u{0}é", String(repeating: "x", count: 2000)] {
            let copy = KeyDiskCopy(issuer: issuer, directory: directory.path)
            XCTAssertNil(try copy.read(now: UnixTime(1000)), issuer)
            let content = KeyDiskCopy.Content(document: document, fetchedAt: UnixTime(1000))
            try copy.write(content)
            let read = try XCTUnwrap(try copy.read(now: UnixTime(1060)), issuer)
            XCTAssertEqual(read.content, content, issuer)
            XCTAssertEqual(read.age, .seconds(60), issuer)
            XCTAssertEqual(try copy.read(now: UnixTime(970))?.age, .seconds(0), "a clock that is a little behind")
        }
    }

    func testTheLargestDocumentComesBack() throws {
        let text = #"{"keys":[]}"# + String(repeating: " ", count: KeySet.bytesMax - 11)
        let nested = String(repeating: "[", count: 31) + String(repeating: "]", count: 31)
        for document in [text, #"{"keys":\#(nested)}"#] {
            let copy = KeyDiskCopy(issuer: "i", directory: directory.path)
            let bytes = Array(document.utf8)
            try copy.write(KeyDiskCopy.Content(document: bytes, fetchedAt: UnixTime(0)))
            let read = try copy.read(now: UnixTime(0))
            XCTAssertEqual(read?.content.document.count, document.contains(" ") ? 11 : bytes.count)
        }
    }

    func testWhatIsNotOursOrNotWholeIsNotUsed() throws {
        let copy = KeyDiskCopy(issuer: "me", directory: directory.path)
        let good = #"{"issuer":"me","fetched_at":1000,"jwks":{"keys":[]}}"#
        let table: [(String, KeyDiskCopy.Problem)] = [
            ("", .damaged), (String(good.dropLast()), .damaged), ("[]", .damaged), (good + "x", .damaged),
            (#"{"issuer":"me","fetched_at":"1000","jwks":{}}"#, .damaged),
            (#"{"issuer":"me","fetched_at":1000,"jwks":[]}"#, .damaged),
            (#"{"issuer":"me","fetched_at":1000}"#, .damaged),
            (#"{"issuer":"you","fetched_at":1000,"jwks":{}}"#, .ofAnotherIssuer),
            (#"{"issuer":5,"fetched_at":1000,"jwks":{}}"#, .ofAnotherIssuer),
            (#"{"fetched_at":1000,"jwks":{}}"#, .ofAnotherIssuer),
            (#"{"issuer":"me","fetched_at":2061,"jwks":{}}"#, .fromTheFuture),
            (#"{"issuer":"me","fetched_at":9223372036854775807,"jwks":{}}"#, .fromTheFuture),
            (#"{"issuer":"me","fetched_at":-9223372036854775808,"jwks":{}}"#, .damaged),
            (#"{"issuer":"me","fetched_at":-20000000000,"jwks":{}}"#, .damaged),
            (#"{"issuer":"me","fetched_at":-1,"jwks":{}}"#, .damaged),
        ]
        for (text, problem) in table {
            try FileWriter.replace(copy.path, with: Array(text.utf8))
            XCTAssertThrowsError(try copy.read(now: UnixTime(2000)), text) { error in
                XCTAssertEqual(error as? KeyDiskCopy.Problem, problem, text)
            }
        }
        try FileWriter.replace(copy.path, with: Array(good.utf8))
        XCTAssertEqual(try copy.read(now: UnixTime(2000))?.age, .seconds(1000))
    }

    /// A clock that is far off makes a copy unusable, and nothing worse.
    func testAClockThatIsFarOffMakesItUnusable() throws {
        let copy = KeyDiskCopy(issuer: "me", directory: directory.path)
        try copy.write(KeyDiskCopy.Content(document: document, fetchedAt: UnixTime(1000)))
        let table: [(Int64, KeyDiskCopy.Problem)] = [
            (.max, .tooOld), (20_000_000_000, .tooOld), (.min, .fromTheFuture),
        ]
        for (now, problem) in table {
            XCTAssertThrowsError(try copy.read(now: UnixTime(now))) { error in
                XCTAssertEqual(error as? KeyDiskCopy.Problem, problem)
            }
        }
    }

    func testWhatCannotBeReadOrWrittenIsReported() throws {
        let copy = KeyDiskCopy(issuer: "me", directory: directory.path("none"))
        XCTAssertNil(try copy.read(now: UnixTime(0)))
        XCTAssertThrowsError(try copy.write(KeyDiskCopy.Content(document: document, fetchedAt: UnixTime(0))))
        let file = directory.write("", to: "file")
        let below = KeyDiskCopy(issuer: "me", directory: file)
        XCTAssertThrowsError(try below.read(now: UnixTime(0)))
    }
}
