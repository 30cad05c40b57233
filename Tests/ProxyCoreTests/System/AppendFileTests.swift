import Foundation
import ProxyCore
import XCTest

final class AppendFileTests: XCTestCase {
    private let directory = TemporaryDirectory()

    func testLinesGoToTheEndAlsoAfterARename() throws {
        let path = directory.write("first\n", to: "log")
        let file = try AppendFile(path)
        try file.append(Array("second\n".utf8), isDurable: true)
        try FileManager.default.moveItem(atPath: path, toPath: directory.path("log.1"))
        try file.append(Array("third\n".utf8), isDurable: false)
        XCTAssertEqual(FileReader.text(directory.path("log.1")), "first\nsecond\nthird\n")
        try file.reopen()
        try file.append(Array("fourth\n".utf8), isDurable: false)
        XCTAssertEqual(FileReader.text(path), "fourth\n")
    }

    func testALineThatWasCutOffStandsAlone() throws {
        let path = directory.write("whole\ncut o", to: "log")
        let file = try AppendFile(path)
        try file.append(Array("next\n".utf8), isDurable: false)
        XCTAssertEqual(FileReader.text(path), "whole\ncut o\nnext\n")
    }

    func testAFullDiskIsTold() throws {
        let file = try AppendFile("/dev/full")
        XCTAssertThrowsError(try file.append(Array("line\n".utf8), isDurable: false))
        XCTAssertThrowsError(try AppendFile(directory.path("no/such")))
    }
}
