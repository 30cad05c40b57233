import Foundation
import ProxyCore
import XCTest

final class ScratchDirectoryTests: XCTestCase {
    func testItIsItsOwnersAloneAndGoesWithItsFiles() throws {
        var directory: ScratchDirectory? = try ScratchDirectory("scopeproxy-test")
        let path = try XCTUnwrap(directory).path
        let files = FileManager.default
        XCTAssertEqual(try files.attributesOfItem(atPath: path)[.posixPermissions] as? Int, 0o700)
        for content in ["one", "other"] {
            let file = try XCTUnwrap(directory).write("a.pem", Array(content.utf8))
            XCTAssertEqual(file, path + "/a.pem")
            XCTAssertEqual(FileReader.text(file), content)
            XCTAssertEqual(try files.attributesOfItem(atPath: file)[.posixPermissions] as? Int, 0o600)
        }
        directory = nil
        XCTAssertFalse(files.fileExists(atPath: path))
    }
}
