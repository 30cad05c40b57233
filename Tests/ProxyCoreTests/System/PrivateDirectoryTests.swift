import Foundation
import ProxyCore
import XCTest

final class PrivateDirectoryTests: XCTestCase {
    private let directory = TemporaryDirectory()

    private func setMode(_ mode: Int, of path: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    func testItIsMadeForItsOwnerAlone() throws {
        let path = directory.path("keys")
        let keys = try PrivateDirectory(path)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        XCTAssertEqual(mode, 0o700)
        try FileWriter.replace(keys.path(of: "b"), with: [1])
        try FileWriter.replace(keys.path(of: "a"), with: [2, 3])
        XCTAssertEqual(try keys.names(), ["a", "b"])
        XCTAssertEqual(try keys.read("a", bytesMax: 2), [2, 3])
        XCTAssertThrowsError(try keys.read("a", bytesMax: 1))
        try keys.remove("a")
        try keys.remove("a")
        XCTAssertEqual(try keys.names(), ["b"])
    }

    /// More than one reading of the folder brings: the last entry of each lies at the end of what was read.
    func testAFolderOfManyFiles() throws {
        let keys = try PrivateDirectory(directory.path("keys"))
        let expected = (0..<3000).map { "\($0)" }
        for name in expected { directory.write("", to: "keys/\(name)") }
        XCTAssertEqual(try keys.names(), expected.sorted())
    }

    func testWhatOthersCanReadIsNotUsed() throws {
        let path = directory.path("keys")
        let keys = try PrivateDirectory(path)
        try FileWriter.replace(keys.path(of: "a"), with: [1])
        for mode in [0o640, 0o604, 0o620, 0o601] {
            try setMode(mode, of: keys.path(of: "a"))
            XCTAssertThrowsError(try keys.read("a", bytesMax: 10)) {
                XCTAssertEqual($0 as? PrivateDirectory.Problem, .open)
            }
        }
        try setMode(0o750, of: path)
        XCTAssertThrowsError(try PrivateDirectory(path)) { XCTAssertEqual($0 as? PrivateDirectory.Problem, .open) }
    }

    func testWhatIsNoDirectory() {
        let file = directory.write("x", to: "file")
        XCTAssertThrowsError(try PrivateDirectory(file)) {
            XCTAssertEqual($0 as? PrivateDirectory.Problem, .notADirectory)
        }
        XCTAssertThrowsError(try PrivateDirectory(directory.path("no/such")))
    }

    func testALockIsHeldByOne() throws {
        let path = directory.path("lock")
        do {
            let held = try FileLock.ifFree(path)
            XCTAssertTrue(held != nil)
            let second = try FileLock.ifFree(path)
            XCTAssertTrue(second == nil)
            _ = consume held
        }
        let next = try FileLock.ifFree(path)
        XCTAssertTrue(next != nil)
    }
}
