import Glibc
import ProxyCore
import XCTest

final class LogWriterTests: XCTestCase {
    /// Nobody reads for a while: loops are never held up, and every line is either written or counted.
    func testWhatAFullPipeDoesNotTakeIsCounted() throws {
        var ends: [Int32] = [-1, -1]
        XCTAssertEqual(unsafe pipe(&ends), 0)
        let writer = try LogWriter(target: ends[1], level: .info, format: .json, queueBytesMax: 4096)
        let thread = try writer.start()
        let count = 3000
        for number in 0..<count { writer.log(.info, "line") { $0.field("number", number) } }
        writer.log(.debug, "too fine")
        writer.stop()
        let read = Recorder<[UInt8]>()
        let source = ends[0]
        let reader = try Thread.start(name: "reader") { read.record(Self.readToEnd(source)) }
        thread.join()
        close(ends[1])
        reader.join()
        close(ends[0])
        let lines = try XCTUnwrap(read.values.first).split(separator: ASCII.lineFeed)
        let entries = try lines.map { try LogEntry(Array($0)) }
        let numbers = entries.compactMap { $0.number("number") }
        let dropped = entries.filter { $0.event == "log_lines_dropped" }.compactMap { $0.number("count") }
        XCTAssertEqual(numbers, numbers.sorted())
        XCTAssertGreaterThan(dropped.reduce(0, +), 0)
        XCTAssertEqual(numbers.count + Int(dropped.reduce(0, +)), count)
        XCTAssertFalse(entries.contains { $0.event == "too fine" })
    }

    private static func readToEnd(_ source: Int32) -> [UInt8] {
        var all: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe read(source, &piece, piece.count)
            guard count > 0 else { return all }
            all += piece[..<count]
        }
    }

    /// A target that fails does not keep the writer from ending.
    func testABrokenPipeIsGivenUp() throws {
        var ends: [Int32] = [-1, -1]
        XCTAssertEqual(unsafe pipe(&ends), 0)
        close(ends[0])
        let handler = signal(SIGPIPE, SIG_IGN)
        defer { _ = signal(SIGPIPE, handler) }
        let writer = try LogWriter(target: ends[1], level: .info, format: nil)
        XCTAssertEqual(writer.format, .json)
        let thread = try writer.start()
        writer.log(.error, "lost")
        writer.stop()
        thread.join()
        close(ends[1])
    }
}
