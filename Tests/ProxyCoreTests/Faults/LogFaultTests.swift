#if FAULT_INJECTION
    import Glibc
    import ProxyCore
    import XCTest

    /// Every call that a log makes fails in every way: a line is there whole, or it is counted.
    final class LogFaultTests: XCTestCase {
        func testFile() throws {
            let injector = FaultInjector()
            try FaultSweep("log").run(injector) { fault in
                let directory = TemporaryDirectory()
                let path = directory.write("", to: "log")
                let descriptor = unsafe open(path, O_WRONLY | O_APPEND)
                injector.arm(fault)
                defer {
                    injector.disarm()
                    close(descriptor)
                }
                do {
                    let lost = try KernelStandIns.withInherited(injector) { try Self.write(to: descriptor) }
                    return try Self.problems(in: path, lost: lost, isSound: fault?.isInvisible ?? true)
                } catch let error as Errno {
                    // It did not start.
                    return fault?.isInvisible ?? true ? ["\(error)"] : []
                }
            }
        }

        private static let lines = 20

        /// Writes lines, and tells how many were counted as lost.
        private static func write(to descriptor: Int32) throws -> Int {
            let log = try LogWriter(target: descriptor, level: .info, format: .json)
            let thread = try log.start()
            for number in 0..<lines { log.log(.info, "line") { $0.field("number", "\(number)") } }
            log.stop()
            thread.join()
            return log.droppedLines
        }

        private static func problems(in path: String, lost: Int, isSound: Bool) throws -> [String] {
            let pieces = try FileReader.bytes(path).split(separator: ASCII.lineFeed)
            let entries = pieces.compactMap { try? LogEntry(Array($0)) }
            let numbers = entries.filter { $0.event == "line" }.compactMap { $0["number"] }
            var problems: [String] = []
            if Set(numbers).count != numbers.count { problems.append("a line is there twice") }
            if numbers.count + lost != lines { problems.append("\(numbers.count) lines, and \(lost) counted as lost") }
            if isSound && lost > 0 { problems.append("\(lost) lines lost") }
            return problems
        }
    }
#endif
