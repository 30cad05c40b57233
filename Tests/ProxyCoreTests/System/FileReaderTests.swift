import Foundation
import ProxyCore
import XCTest

final class FileReaderTests: XCTestCase {
    /// Whoever reads it must not be held up by it.
    func testAPipeThatNobodyWritesToIsEmpty() throws {
        let directory = TemporaryDirectory()
        let path = directory.path("pipe")
        // Sound: the call reads the terminated string that it is lent.
        let made = unsafe mkfifo(path, 0o600)
        XCTAssertEqual(made, 0)
        XCTAssertEqual(try FileReader.bytes(path), [])
        XCTAssertEqual(try SecretBytes(file: path, bytesMax: 10).count, 0)
    }

    /// As in `scopeproxy check /dev/fd/3`, where what is read may still have to be written.
    func testAPipeIsReadToItsEnd() throws {
        let content = [UInt8](repeating: 0x61, count: 300_000)
        for isSecret in [false, true] {
            let pipe = Pipe()
            let (reading, writing) = (pipe.fileHandleForReading, pipe.fileHandleForWriting)
            let writer = try ProxyCore.Thread.start(name: "writer") {
                for start in stride(from: 0, to: content.count, by: 1000) {
                    writing.write(Data(content[start..<(start + 1000)]))
                }
                try? writing.close()
            }
            defer { writer.join() }
            let path = "/dev/fd/\(reading.fileDescriptor)"
            if isSecret {
                XCTAssertEqual(try SecretBytes(file: path, bytesMax: content.count).count, content.count)
            } else {
                XCTAssertEqual(try FileReader.bytes(path), content)
            }
        }
    }
}
