import ProxyCore
import XCTest

final class SecretBytesTests: XCTestCase {
    func testAFileIsReadWhole() throws {
        let directory = TemporaryDirectory()
        for length in [0, 1, 100, 65_535] {
            let text = String(repeating: "s", count: length)
            let secret = try SecretBytes(file: directory.write(text, to: "secret"), bytesMax: 65_535)
            XCTAssertEqual(secret.count, length)
            XCTAssertEqual(secret.span.text, text)
        }
    }

    func testWhatCannotBeReadIsTold() throws {
        let directory = TemporaryDirectory()
        let path = directory.write("four", to: "secret")
        let whole = try SecretBytes(file: path, bytesMax: 4)
        XCTAssertEqual(whole.span.text, "four")
        XCTAssertThrowsError(try SecretBytes(file: path, bytesMax: 3)) {
            XCTAssertTrue(($0 as? Errno)?.isFileTooLarge ?? false)
        }
        XCTAssertThrowsError(try SecretBytes(file: directory.path("none"), bytesMax: 3)) {
            XCTAssertTrue(($0 as? Errno)?.isNotFound ?? false)
        }
        XCTAssertThrowsError(try SecretBytes(file: directory.path, bytesMax: 3))
    }

    func testACopyStandsForItself() {
        var bytes: [UInt8] = [1, 2, 3]
        let secret = SecretBytes(copying: bytes.span)
        bytes[0] = 9
        XCTAssertEqual(secret.span.copied(), [1, 2, 3])
        let empty: [UInt8] = []
        let none = SecretBytes(copying: empty.span)
        XCTAssertEqual(none.span.copied(), [])
    }
}
