import Foundation
import Glibc
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

    /// Whoever reads a pipe cannot hold up who writes to it, and finds whole lines.
    func testAPipeThatIsFullIsTold() throws {
        let path = directory.path("pipe")
        XCTAssertEqual(unsafe mkfifo(path, 0o600), 0)
        let reader = unsafe open(path, O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        // F_SETPIPE_SZ, which the module Glibc lacks.
        XCTAssertEqual(fcntl(reader, 1031, 4096), 4096)
        let file = try AppendFile(path)
        // Longer than what a pipe takes whole or not at all.
        let long = Array(repeating: UInt8(ascii: "x"), count: 6000) + [ASCII.lineFeed]
        for line in [long, Array("short\n".utf8)] {
            XCTAssertThrowsError(try file.append(line, isDurable: false)) { error in
                XCTAssertEqual((error as? Errno)?.code, EAGAIN)
            }
        }
        var read = [UInt8](repeating: 0, count: 8192)
        let count = unsafe Glibc.read(reader, &read, read.count)
        XCTAssertEqual(count, 4096)
        try file.append(Array("next\n".utf8), isDurable: false)
        let rest = unsafe Glibc.read(reader, &read, read.count)
        XCTAssertEqual(String(decoding: read[..<rest], as: UTF8.self), "\nnext\n")
    }

    func testAFullDiskIsTold() throws {
        let file = try AppendFile("/dev/full")
        XCTAssertThrowsError(try file.append(Array("line\n".utf8), isDurable: false))
        XCTAssertThrowsError(try AppendFile(directory.path("no/such")))
    }
}
