import ProxyCore
import XCTest

final class KeyFetchFailureTests: XCTestCase {
    func testEveryFailureHasAMessageOfItsOwn() {
        let refused = Errno(code: 111, call: "connect")
        let failures: [KeyFetchFailure] = [
            .resolve("Name or service not known"), .connect(refused), .connectTimeout, .timeout,
            .connectionLost(refused), .closedEarly, .badHead(.bareLineFeed), .badBody(.invalidChunkSize), .status(404),
            .redirectElsewhere, .redirectWithoutTarget, .tooManyRedirects, .contentEncoding, .tooLarge, .file(refused),
            .notARegularFile, .notAKeySet(.notAKeySet), .notAKeySet(.tooManyKeys), .noUsableKeys(skipped: 0),
            .noUsableKeys(skipped: 2), .cancelled,
        ]
        XCTAssertEqual(Set(failures.map(\.message)).count, failures.count)
        // `not_json` is the one that is not among these.
        let causes = Set(failures.map(\.cause.description))
        XCTAssertEqual(causes.union(["not_json"]), Set(KeyFetchFailure.causes.map(\.description)))
        XCTAssertEqual(KeyFetchFailure.connect(refused).message, "no connection: Connection refused")
        XCTAssertEqual(KeyFetchFailure.status(404).message, "the server answered with status 404")
    }

    func testAJSONErrorTellsWhere() {
        XCTAssertThrowsError(try KeySet.parse(Array("{\"keys\":[}".utf8))) { error in
            guard let error = error as? KeySetError else { return XCTFail("\(error)") }
            let failure = KeyFetchFailure.notAKeySet(error)
            XCTAssertEqual(failure.cause.description, "not_json")
            XCTAssertTrue(failure.message.hasSuffix("at byte 9"), failure.message)
        }
    }
}
