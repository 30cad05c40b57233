import Glibc
import ProxyCore
import XCTest

final class LogWriterEndTests: XCTestCase {
    private var ends: [Int32] = [-1, -1]

    override func setUp() { XCTAssertEqual(unsafe pipe(&ends), 0) }

    override func tearDown() { for end in ends { close(end) } }

    /// Makes the next write to the pipe wait.
    private func fill() {
        let flags = fcntl(ends[1], F_GETFL)
        _ = fcntl(ends[1], F_SETFL, flags | O_NONBLOCK)
        let bytes = [UInt8](repeating: 0x78, count: 4096)
        while unsafe write(ends[1], bytes, bytes.count) > 0 {}
        XCTAssertEqual(errno, EAGAIN)
        _ = fcntl(ends[1], F_SETFL, flags)
    }

    /// A reader that is there and does not read, like a terminal that has been stopped, does not keep the process.
    func testAReaderThatDoesNotReadHoldsUpTheEndForAWhileOnly() throws {
        fill()
        let writer = try LogWriter(target: ends[1], level: .info, format: .json, endGrace: .milliseconds(1))
        let thread = try writer.start()
        writer.log(.info, "lost")
        writer.stop()
        thread.join()
    }

    /// Pieces that a pipe takes at once do not cut lines, except one that is longer than a piece.
    func testAllLinesComeWhole() throws {
        let writer = try LogWriter(target: ends[1], level: .info, format: .json)
        let thread = try writer.start()
        // Each of these takes six bytes in the line.
        let lengths = [0, 10, 660, 200, 680, 1024, 1, 500]
        for length in lengths { writer.log(.info, "line") { $0.field("text", String(repeating: "\0", count: length)) } }
        writer.stop()
        thread.join()
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe read(ends[0], &bytes, bytes.count)
        let entries = try bytes[..<max(0, count)].split(separator: ASCII.lineFeed).map { try LogEntry(Array($0)) }
        XCTAssertEqual(entries.map { $0["text"]?.utf8.count }, lengths)
    }

    /// Other programs write there, too: what they and we have in common stays as it is.
    func testTheTargetStaysAsItWas() throws {
        let flags = fcntl(ends[1], F_GETFL)
        let writer = try LogWriter(target: ends[1], level: .info, format: .json)
        let thread = try writer.start()
        writer.log(.info, "line") { $0.field("text", String(repeating: "z", count: 100)) }
        writer.stop()
        thread.join()
        XCTAssertEqual(flags & O_NONBLOCK, 0)
        XCTAssertEqual(fcntl(ends[1], F_GETFL), flags)
    }
}
