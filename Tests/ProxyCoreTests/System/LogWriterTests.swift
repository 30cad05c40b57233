import Glibc
import ProxyCore
import XCTest

/// What becomes of lines when nobody takes them.
final class LogWriterTests: XCTestCase {
    private var ends: [Int32] = [-1, -1]

    override func setUp() { XCTAssertEqual(unsafe pipe(&ends), 0) }

    override func tearDown() { for end in ends where end >= 0 { close(end) } }

    private func log(_ numbers: Range<Int>, _ writer: LogWriter) {
        for number in numbers { writer.log(.info, "line") { $0.field("number", number) } }
    }

    /// Nobody reads for a while: loops are never held up, and every line is either written or counted.
    func testDropCountsExactlyWhatIsNotWritten() throws {
        let writer = try LogWriter(target: ends[1], level: .info, format: .json, queueBytesMax: 4096)
        let thread = try writer.start()
        let count = 3000
        log(0..<count, writer)
        writer.log(.debug, "too fine")
        writer.stop()
        let entries = try readToEnd(thread)
        let numbers = entries.compactMap { $0.number("number") }
        let told = entries.filter { $0.event == "log_lines_dropped" }.compactMap { $0.number("count") }.reduce(0, +)
        XCTAssertEqual(numbers, numbers.sorted())
        XCTAssertGreaterThan(told, 0)
        XCTAssertEqual(numbers.count + Int(told), count)
        XCTAssertEqual(writer.droppedLines, Int(told))
        XCTAssertFalse(entries.contains { $0.event == "too fine" })
    }

    /// The same with `block`, from several threads: they wait, go on when there is room, and nothing is lost.
    func testBlockLosesNothing() throws {
        let writer = try LogWriter(target: ends[1], level: .info, format: .json, whenFull: .block, queueBytesMax: 4096)
        let thread = try writer.start()
        let count = 2000
        let loggers = try (0..<3).map { number in
            try Thread.start(name: "logger-\(number)") {
                for line in 0..<count {
                    writer.log(.info, "line") { $0.field("number", number * count + line) }
                }
            }
        }
        // The pipe and the queue take fewer lines than there are, so the loggers wait by now or will.
        var waiting = pollfd(fd: ends[1], events: Int16(POLLOUT), revents: 0)
        let patience = Patience(until: .never, cancel: try WakeUp())
        for _ in 0..<4000 where unsafe poll(&waiting, 1, 0) == 1 {
            try patience.atMost(.milliseconds(5)).awaitDeadline()
        }
        XCTAssertEqual(unsafe poll(&waiting, 1, 0), 0, "the pipe never was full")
        let read = Recorder<[UInt8]>()
        let source = ends[0]
        let reader = try Thread.start(name: "reader") { read.record(Self.readToEnd(source)) }
        for logger in loggers { logger.join() }
        writer.stop()
        thread.join()
        close(ends[1])
        ends[1] = -1
        reader.join()
        let numbers = try entries(of: try XCTUnwrap(read.values.first)).compactMap { $0.number("number") }
        XCTAssertEqual(numbers.sorted(), (0..<3 * count).map(Double.init))
        for logger in 0..<3 {
            let own = numbers.filter { Int($0) / count == logger }
            XCTAssertEqual(own, own.sorted())
        }
        XCTAssertEqual(writer.droppedLines, 0)
    }

    /// Once the process is to end, `block` no longer waits for a reader that does not come.
    func testBlockEndsWithTheProcess() throws {
        let writer = try LogWriter(
            target: ends[1], level: .info, format: .json, whenFull: .block, queueBytesMax: 4096,
            endGrace: .milliseconds(1))
        let thread = try writer.start()
        let count = 4000
        let logger = try Thread.start(name: "logger") {
            for number in 0..<count { writer.log(.info, "line") { $0.field("number", number) } }
        }
        writer.limitWaiting(to: .milliseconds(1))
        logger.join()
        writer.stop()
        let entries = try readToEnd(thread)
        XCTAssertGreaterThan(writer.droppedLines, 0)
        XCTAssertEqual(entries.filter { $0.event == "line" }.count + writer.droppedLines, count)
    }

    /// What comes when the writer has ended is counted, whoever has waited for it.
    func testAfterTheEndLinesAreCounted() throws {
        for whenFull in [LogWriter.WhenFull.drop, .block] {
            let writer = try LogWriter(target: ends[1], level: .info, format: .json, whenFull: whenFull)
            let thread = try writer.start()
            writer.stop()
            thread.join()
            log(0..<3, writer)
            XCTAssertEqual(writer.droppedLines, 3)
        }
    }

    /// A target that fails costs the lines, which are counted, and nothing else.
    func testABrokenPipeIsGivenUp() throws {
        close(ends[0])
        ends[0] = -1
        let handler = signal(SIGPIPE, SIG_IGN)
        defer { _ = signal(SIGPIPE, handler) }
        for whenFull in [LogWriter.WhenFull.drop, .block] {
            let writer = try LogWriter(target: ends[1], level: .info, format: nil, whenFull: whenFull)
            XCTAssertEqual(writer.format, .json)
            let thread = try writer.start()
            log(0..<5, writer)
            writer.stop()
            thread.join()
            XCTAssertEqual(writer.droppedLines, 5)
        }
    }

    /// A disk that is full: with `drop` lines are counted, with `block` they wait, and are counted at the end.
    func testAFullDisk() throws {
        let full = unsafe open("/dev/full", O_WRONLY | O_CLOEXEC)
        XCTAssertGreaterThanOrEqual(full, 0)
        defer { close(full) }
        for whenFull in [LogWriter.WhenFull.drop, .block] {
            let writer = try LogWriter(
                target: full, level: .info, format: .text, whenFull: whenFull, endGrace: .milliseconds(1))
            let thread = try writer.start()
            log(0..<7, writer)
            writer.stop()
            thread.join()
            XCTAssertEqual(writer.droppedLines, 7)
        }
    }

    /// The system logger gives a socket as standard error.
    func testASocketThatIsReadLate() throws {
        var pair: [Int32] = [-1, -1]
        XCTAssertEqual(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair), 0)
        for end in ends { close(end) }
        ends = pair
        let writer = try LogWriter(target: ends[1], level: .info, format: .json, whenFull: .block, queueBytesMax: 4096)
        let thread = try writer.start()
        let count = 20_000
        let logger = try Thread.start(name: "logger") {
            for number in 0..<count { writer.log(.info, "line") { $0.field("number", number) } }
            writer.stop()
        }
        let entries = try readToEnd(thread)
        logger.join()
        XCTAssertEqual(entries.compactMap { $0.number("number") }, (0..<count).map(Double.init))
    }

    /// Reads what is written until the writing thread has ended, and the rest.
    private func readToEnd(_ thread: ProxyCore.Thread) throws -> [LogEntry] {
        let read = Recorder<[UInt8]>()
        let source = ends[0]
        let reader = try Thread.start(name: "reader") { read.record(Self.readToEnd(source)) }
        thread.join()
        close(ends[1])
        ends[1] = -1
        reader.join()
        return try entries(of: try XCTUnwrap(read.values.first))
    }

    private func entries(of bytes: [UInt8]) throws -> [LogEntry] {
        try bytes.split(separator: ASCII.lineFeed).map { try LogEntry(Array($0)) }
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
}
