import Glibc
import Synchronization

/// Where log lines go: a bounded queue, and a thread that writes it to a descriptor.
///
/// Event loops hand over finished lines and never wait for whoever reads the log. What does not fit is dropped and
/// counted, and the count is itself logged once there is room.
package final class LogWriter: Sendable {
    private struct Queue: Sendable {
        var bytes: [UInt8] = []
        var droppedLines = 0
        var stopped = false
        /// Until when what is left may be written once this is stopped.
        var deadline = Instant.never
    }

    private let queue = Mutex(Queue())
    private let dropped = Atomic<Int>(0)
    private let wakeUp: WakeUp
    private let target: Int32
    package let level: LogLevel
    package let format: LogFormat
    private let queueBytesMax: Int
    private let endGrace: Interval

    /// What a pipe takes at once, or not at all (PIPE_BUF of pipe(7)).
    private static let pieceBytesMax = 4096
    /// How often a writer that waits for its reader looks whether it has been stopped.
    private static let stopCheckMilliseconds: Int32 = 100

    /// - Parameters:
    ///   - target: an open descriptor, usually standard error; it stays the caller's.
    ///   - format: nil for text on a terminal and JSON elsewhere.
    ///   - endGrace: how long a reader that does not read can hold up the end.
    package init(
        target: Int32 = STDERR_FILENO, level: LogLevel, format: LogFormat?, queueBytesMax: Int = 4 << 20,
        endGrace: Interval = .seconds(2)
    ) throws(Errno) {
        self.target = target
        self.level = level
        self.format = format ?? (isatty(target) == 1 ? .text : .json)
        self.queueBytesMax = queueBytesMax
        self.endGrace = endGrace
        wakeUp = try WakeUp()
    }

    /// Starts the writing thread, which ends after `stop`, when all that was handed over by then is written, or its
    /// reader has not read for too long.
    package func start() throws(Errno) -> Thread {
        try Thread.start(name: "log") { self.run() }
    }

    package func stop() {
        let deadline = Clock.monotonic().advanced(by: endGrace)
        queue.withLock { queue in
            queue.stopped = true
            queue.deadline = min(queue.deadline, deadline)
        }
        wakeUp.signal()
    }

    /// Lines that were dropped so far, since the queue was full. Any thread.
    package var droppedLines: Int { dropped.load(ordering: .relaxed) }

    /// Takes over the lines and empties `lines`. Any thread.
    package func submit(_ lines: inout LogLines) {
        guard !lines.isEmpty else { return }
        let first = queue.withLock { queue in
            guard queue.bytes.count + lines.bytes.count <= queueBytesMax else {
                queue.droppedLines += lines.count
                dropped.wrappingAdd(lines.count, ordering: .relaxed)
                return false
            }
            queue.bytes.append(contentsOf: lines.bytes)
            return queue.bytes.count == lines.bytes.count
        }
        lines.removeAll()
        if first { wakeUp.signal() }
    }

    /// One line from a thread that keeps no lines of its own. `fields` adds to it.
    package func log(_ level: LogLevel, _ event: StaticString, _ fields: (inout LogLines) -> Void = { _ in }) {
        guard level <= self.level else { return }
        var lines = LogLines(format: format)
        lines.begin(level, event, wallNanoseconds: Clock.wallNanoseconds())
        fields(&lines)
        lines.end()
        submit(&lines)
    }

    private func run() {
        var spare: [UInt8] = []
        while true {
            waitForSignal()
            let (dropped, stopped) = queue.withLock { queue in
                swap(&queue.bytes, &spare)
                let result = (queue.droppedLines, queue.stopped)
                queue.droppedLines = 0
                return result
            }
            guard writeAll(spare) else { return }
            spare.removeAll(keepingCapacity: true)
            if dropped > 0 { log(.warn, "log_lines_dropped") { $0.field("count", dropped) } }
            if stopped, queue.withLock({ $0.bytes.isEmpty }) { return }
            if stopped { wakeUp.signal() }
        }
    }

    private func waitForSignal() {
        var polled = pollfd(fd: wakeUp.descriptor.raw, events: Int16(POLLIN), revents: 0)
        while unsafe poll(&polled, 1, -1) < 1 {}
        wakeUp.clear()
    }

    /// Writes everything, waiting for a slow reader; gives up on a target that fails, which nobody could be told of.
    /// False when the time for that has run out.
    private func writeAll(_ bytes: [UInt8]) -> Bool {
        var offset = 0
        while offset < bytes.count {
            guard awaitRoom() else { return false }
            let piece = Self.pieceEnd(of: bytes, from: offset) - offset
            // Sound: `piece` bytes from `offset` on lie inside the array, which lives as long as the call.
            let count = unsafe bytes.withUnsafeBytes { bytes in
                unsafe write(target, bytes.baseAddress?.advanced(by: offset), piece)
            }
            if count > 0 {
                offset += count
            } else if errno != EAGAIN, errno != EINTR {
                return true
            }
        }
        return true
    }

    /// Returns when a piece can be written without waiting, or when the write will tell what is wrong: a write to a
    /// full pipe would last as long as its reader likes. False when there is no more time.
    private func awaitRoom() -> Bool {
        var polled = pollfd(fd: target, events: Int16(POLLOUT), revents: 0)
        while true {
            let ready = unsafe poll(&polled, 1, Self.stopCheckMilliseconds)
            if Clock.monotonic() >= queue.withLock({ $0.deadline }) { return false }
            if ready != 0 { return true }
        }
    }

    /// Where the next piece ends: behind the last whole line that fits, so that lines of several programs that share a
    /// pipe do not mix.
    private static func pieceEnd(of bytes: [UInt8], from start: Int) -> Int {
        guard bytes.count - start > pieceBytesMax else { return bytes.count }
        let end = start + pieceBytesMax
        return bytes[start..<end].lastIndex(of: ASCII.lineFeed).map { $0 + 1 } ?? end
    }
}
