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
    }

    private let queue = Mutex(Queue())
    private let wakeUp: WakeUp
    private let target: Int32
    package let level: LogLevel
    package let format: LogFormat
    private let queueBytesMax: Int

    /// - Parameters:
    ///   - target: an open descriptor, usually standard error; it stays the caller's.
    ///   - format: nil for text on a terminal and JSON elsewhere.
    package init(
        target: Int32 = STDERR_FILENO, level: LogLevel, format: LogFormat?, queueBytesMax: Int = 4 << 20
    ) throws(Errno) {
        self.target = target
        self.level = level
        self.format = format ?? (isatty(target) == 1 ? .text : .json)
        self.queueBytesMax = queueBytesMax
        wakeUp = try WakeUp()
    }

    /// Starts the writing thread, which ends after `stop`, when all that was handed over by then is written.
    package func start() throws(Errno) -> Thread {
        try Thread.start(name: "log") { self.run() }
    }

    package func stop() {
        queue.withLock { $0.stopped = true }
        wakeUp.signal()
    }

    /// Takes over the lines and empties `lines`. Any thread.
    package func submit(_ lines: inout LogLines) {
        guard !lines.isEmpty else { return }
        let first = queue.withLock { queue in
            guard queue.bytes.count + lines.bytes.count <= queueBytesMax else {
                queue.droppedLines += lines.count
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
            writeAll(spare)
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
    private func writeAll(_ bytes: [UInt8]) {
        var offset = 0
        while offset < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { bytes in
                unsafe write(target, bytes.baseAddress?.advanced(by: offset), bytes.count - offset)
            }
            if count > 0 {
                offset += count
            } else if errno == EAGAIN {
                var polled = pollfd(fd: target, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&polled, 1, 1000)
            } else if errno != EINTR {
                return
            }
        }
    }
}
