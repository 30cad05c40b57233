import Glibc
import ProxyCore

/// One line that was logged.
struct LogEntry: Sendable {
    let text: String
    private let document: JSONDocument

    init(_ line: [UInt8]) throws {
        text = String(decoding: line, as: UTF8.self)
        document = try JSONDocument(parsing: line)
    }

    var event: String? { self["event"] }

    /// A field that holds text.
    subscript(name: String) -> String? { document.root[name]?.string }

    func number(_ name: String) -> Double? { document.root[name]?.number }
}

/// A log whose lines a test reads as they are written.
final class LogCapture: Sendable {
    let writer: LogWriter
    let entries = Recorder<LogEntry>()
    private let ends: (read: Int32, write: Int32)
    private let threads: (writing: ProxyCore.Thread, reading: ProxyCore.Thread)

    init(level: LogLevel = .debug) throws {
        var descriptors: [Int32] = [-1, -1]
        precondition(unsafe pipe(&descriptors) == 0)
        let ends = (read: descriptors[0], write: descriptors[1])
        self.ends = ends
        writer = try LogWriter(target: ends.write, level: level, format: .json)
        let entries = entries
        threads = (try writer.start(), try Thread.start(name: "log-capture") { Self.readAll(ends.read, entries) })
    }

    /// Everything logged before this is in `entries` afterwards. To be called once.
    func stop() {
        writer.stop()
        threads.writing.join()
        close(ends.write)
        threads.reading.join()
        close(ends.read)
    }

    private static func readAll(_ descriptor: Int32, _ entries: Recorder<LogEntry>) {
        var pending: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe read(descriptor, &piece, piece.count)
            guard count > 0 else { return }
            pending += piece[..<count]
            while let end = pending.firstIndex(of: ASCII.lineFeed) {
                let line = Array(pending[..<end])
                pending.removeSubrange(...end)
                guard let entry = try? LogEntry(line) else {
                    preconditionFailure("no JSON in the log: \(String(decoding: line, as: UTF8.self))")
                }
                entries.record(entry)
            }
        }
    }
}
