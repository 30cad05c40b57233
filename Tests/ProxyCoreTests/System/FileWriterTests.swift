import Foundation
import ProxyCore
import XCTest

final class FileWriterTests: XCTestCase {
    private let directory = TemporaryDirectory()

    func testWritesWholeFilesForTheirOwnerOnly() throws {
        let path = directory.path("f")
        for bytes in [Array("one".utf8), [], [UInt8](repeating: 7, count: 200_000)] {
            try FileWriter.replace(path, with: bytes)
            XCTAssertEqual(try FileReader.bytes(path), bytes)
        }
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        XCTAssertEqual(attributes[.posixPermissions] as? Int, 0o600)
        XCTAssertEqual(try names(), ["f"])
    }

    func testAFailureLeavesTheOldFileAndNothingElse() throws {
        let path = directory.path("d")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        XCTAssertThrowsError(try FileWriter.replace(path, with: [1]))
        XCTAssertThrowsError(try FileWriter.replace(directory.path("missing/f"), with: [1]))
        XCTAssertEqual(try names(), ["d"])
    }

    func testWhatAKilledProcessHasLeftIsRemoved() throws {
        let kept = ["f", "f.tmp", "f.12", "f.x.tmp", "f..tmp", "f.12.tmpx", "g.12.tmp", "ff.12.tmp", "f.9999999999.tmp"]
        for name in kept + ["f.12.tmp", "f.1.tmp"] { directory.write(name, to: name) }
        FileWriter.removeLeftovers(of: directory.path("f"))
        XCTAssertEqual(try names().sorted(), kept.sorted())
        FileWriter.removeLeftovers(in: directory.path) { $0.count == 2 }
        XCTAssertEqual(try names().sorted(), kept.filter { $0 != "ff.12.tmp" }.sorted())
        FileWriter.removeLeftovers(of: directory.path("none/f"))
    }

    func testTheIdentityChangesWithTheFileAlsoBehindALink() throws {
        let old = directory.write("old", to: "old")
        let link = directory.path("link")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: old)
        let identity = try FileIdentity(of: link)
        XCTAssertEqual(identity, try FileIdentity(of: old))
        XCTAssertTrue(identity.isRegular)
        XCTAssertEqual(identity.bytes, 3)
        let new = directory.write("new", to: "new")
        try FileManager.default.removeItem(atPath: link)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: new)
        XCTAssertNotEqual(try FileIdentity(of: link), identity)
        try FileWriter.replace(old, with: Array("old".utf8))
        XCTAssertNotEqual(try FileIdentity(of: old), identity)
        XCTAssertFalse(try FileIdentity(of: directory.path).isRegular)
        XCTAssertFalse(try FileIdentity(of: "/dev/zero").isRegular)
        XCTAssertThrowsError(try FileIdentity(of: directory.path("none"))) { error in
            XCTAssertEqual((error as? Errno)?.isNotFound, true)
        }
    }

    private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: directory.path) }
}
