import ProxyCore
import XCTest

final class KeyFetchFailureTests: XCTestCase {
    func testEveryFailureHasAMessageOfItsOwn() {
        let refused = Errno(code: 111, call: "connect")
        let name = QuotedText("a")
        let now = UnixTime(0)
        let expired = CertificateProblem.expired(subject: "a", now)
        let failures: [KeyFetchFailure] = [
            .resolve("Name or service not known"), .connect(refused), .connectTimeout, .timeout,
            .connectionLost(refused), .closedEarly, .badHead(.bareLineFeed), .badBody(.invalidChunkSize),
            .unexpectedBytes, .status(404),
            .redirect(.elsewhere(origin: "https://a")), .redirect(.fromHTTPSToHTTP), .redirect(.malformedTarget),
            .redirect(.noTarget), .redirect(.tooMany), .contentEncoding, .tooLarge,
            .tls(.truncated), .tls(.notTLS), .handshakeTimeout, .trust(.notARegularFile), .trust(.unreadable(refused)),
            .trust(.unusable(.noCertificate)), .trust(.unusable(.malformedCertificate)), .tls(.certificate(expired)),
            .tls(.certificate(.notYetValid(subject: "a", now))), .tls(.certificate(.selfSigned(subject: "a"))),
            .tls(.certificate(.nameMismatch(wanted: "a", names: ["b"]))), .tls(.certificate(.tooWeak(subject: "a"))),
            .tls(.certificate(.unknownIssuer(subject: "a", issuer: "b"))),
            .proxy(.status(407)), .proxy(.status(403)), .proxy(.connect(refused)),
            .proxyUnusable(variable: "https_proxy", .notHTTP), .proxyUnusable(variable: "https_proxy", .badAddress),
            .proxyUnusable(variable: "https_proxy", .badCredentials),
            .metadata(.notJSON(JSONError(.truncated, at: 3))), .metadata(.otherIssuer(found: nil, expected: name)),
            .metadata(.otherIssuer(found: name, expected: name)), .metadata(.noKeyAddress),
            .metadata(.otherIssuerBySlash(found: name, expected: name)), .metadata(.badKeyAddress),
            .metadata(.insecureKeyAddress), .noMetadata(.status(404), .status(410)),
            .file(refused), .notARegularFile, .notAKeySet(.notAKeySet), .notAKeySet(.tooManyKeys),
            .noUsableKeys(skipped: 0),
            .noUsableKeys(skipped: 2), .cancelled,
        ]
        XCTAssertEqual(Set(failures.map(\.message)).count, failures.count)
        // `not_json` is the one that is not among these.
        let causes = Set(failures.map(\.cause.description))
        XCTAssertEqual(causes.union(["not_json"]), Set(KeyFetchFailure.causes.map(\.description)))
        XCTAssertEqual(KeyFetchFailure.connect(refused).message, "no connection: Connection refused")
        XCTAssertEqual(KeyFetchFailure.status(404).message, "the server answered with status 404")
        let located = KeyFetchFailure.at(address: "https://a/b", .timeout)
        XCTAssertEqual(located.cause.description, "timeout")
        XCTAssertEqual(located.message, "https://a/b: the server took too long to answer")
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
