import Glibc
import Synchronization

/// Where log lines go: a bounded queue, and a thread that writes it to a descriptor.
///
/// Event loops hand over finished lines. Whether they wait when the queue is full is `whenFull`'s; whatever is not
/// written is counted, and the count is itself logged as soon as something can be.
package final class LogWriter: Sendable {
    /// What becomes of lines that do not fit into the queue.
    package enum WhenFull: Sendable {
        /// The thread that has lines waits until there is room.
        case block
        /// They are dropped, and counted.
        case drop
    }

    private struct Queue: Sendable {
        var bytes: [UInt8] = []
        /// Lines that were not written, and of which no line tells yet.
        var untold = 0
        /// A thread waits for room.
        var isAwaited = false
        var stopped = false
        /// The writing thread has ended, or is about to.
        var ended = false
        /// Until when what is left may be written once this is stopped.
        var deadline = Instant.never
        /// Until when threads may wait for room.
        var waitDeadline = Instant.never
    }

    private let queue = Mutex(Queue())
    private let dropped = Atomic<Int>(0)
    /// There is something to write.
    private let wakeUp: WakeUp
    /// The queue is full, or this has been stopped: the writer is not to wait for more.
    private let hurry: WakeUp
    /// The queue has been emptied since somebody found it full.
    private let room: WakeUp
    private let target: Int32
    package let level: LogLevel
    package let format: LogFormat
    private let whenFull: WhenFull
    private let queueBytesMax: Int
    private let endGrace: Interval

    /// After each write, how long lines gather for the next one: a wake-up costs more than a line.
    private static let gatherMilliseconds: Int32 = 10
    /// How often a thread that waits for room looks whether it may still do so.
    private static let waitCheckMilliseconds: Int32 = 100

    /// - Parameters:
    ///   - target: an open descriptor, usually standard error; it stays the caller's.
    ///   - format: nil for text on a terminal and JSON elsewhere.
    ///   - endGrace: how long a reader that does not read can hold up the end.
    package init(
        target: Int32 = STDERR_FILENO, level: LogLevel, format: LogFormat?, whenFull: WhenFull = .drop,
        queueBytesMax: Int = 4 << 20, endGrace: Interval = .seconds(2)
    ) throws(Errno) {
        self.target = target
        self.level = level
        self.format = format ?? (isatty(target) == 1 ? .text : .json)
        self.whenFull = whenFull
        self.queueBytesMax = queueBytesMax
        self.endGrace = endGrace
        wakeUp = try WakeUp()
        hurry = try WakeUp()
        room = try WakeUp()
    }

    /// Lines that were not written, since the start: the queue was full, or the target failed. Any thread.
    package var droppedLines: Int { dropped.load(ordering: .relaxed) }

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
            queue.waitDeadline = min(queue.waitDeadline, deadline)
        }
        wakeUp.signal()
        hurry.signal()
    }

    /// The process is to end within `interval`: from then on nobody waits for room, not even with `block`.
    package func limitWaiting(to interval: Interval) {
        let deadline = Clock.monotonic().advanced(by: interval)
        queue.withLock { $0.waitDeadline = min($0.waitDeadline, deadline) }
    }

    // MARK: - Handing over

    private enum Taken {
        case first
        case more
        case full
        case never
    }

    /// Takes over the lines and empties `lines`. Any thread. With `block` it returns when there was room.
    package func submit(_ lines: inout LogLines, mayWait: Bool = true) {
        guard !lines.isEmpty else { return }
        var taken = take(lines, mayWait: mayWait)
        while case .full = taken {
            hurry.signal()
            awaitRoom()
            taken = take(lines, mayWait: mayWait)
        }
        switch taken {
        case .first: wakeUp.signal()
        case .never: dropped.wrappingAdd(lines.count, ordering: .relaxed)
        case .more, .full: break
        }
        lines.removeAll()
    }

    private func take(_ lines: borrowing LogLines, mayWait: Bool) -> Taken {
        let bytes = lines.bytes
        let count = lines.count
        return queue.withLock { queue in
            // What is larger than the whole queue fits into an empty one.
            if queue.bytes.isEmpty || queue.bytes.count + bytes.count <= queueBytesMax, !queue.ended {
                let isFirst = queue.bytes.isEmpty
                Self.append(bytes, to: &queue.bytes)
                return isFirst ? .first : .more
            }
            guard whenFull == .block, mayWait, !queue.ended, Clock.monotonic() < queue.waitDeadline else {
                queue.untold += count
                return .never
            }
            queue.isAwaited = true
            // Under the lock: whoever empties the queue from here on signals again.
            room.clear()
            return .full
        }
    }

    private static func append(_ bytes: Span<UInt8>, to queue: inout [UInt8]) {
        // Sound: the pointer is used inside the closure only, and covers the span.
        unsafe bytes.withUnsafeBufferPointer { unsafe queue.append(contentsOf: $0) }
    }

    private func awaitRoom() {
        var polled = pollfd(fd: room.descriptor.raw, events: Int16(POLLIN), revents: 0)
        _ = unsafe Kernel.poll(&polled, 1, Self.waitCheckMilliseconds)
    }

    /// One line from a thread that keeps no lines of its own. `fields` adds to it.
    ///
    /// - Parameter mayWait: false for a thread that has more important things to do, such as to hear of SIGTERM: then
    ///   the line is dropped where `block` would wait.
    package func log(
        _ level: LogLevel, _ event: StaticString, mayWait: Bool = true, _ fields: (inout LogLines) -> Void = { _ in }
    ) {
        guard level <= self.level else { return }
        var lines = LogLines(format: format)
        lines.begin(level, event, wallNanoseconds: Clock.wallNanoseconds())
        fields(&lines)
        lines.end()
        submit(&lines, mayWait: mayWait)
    }

    // MARK: - Writing

    /// The capacity that an emptied queue keeps.
    private static let keptBytesMax = 262_144

    private func run() {
        var target = LogTarget(self.target, waitsForSpace: whenFull == .block)
        var spare: [UInt8] = []
        while true {
            waitFor(wakeUp, milliseconds: -1)
            wakeUp.clear()
            hurry.clear()
            let stopped = swapQueue(&spare)
            count(target.write(spare) { self.isOver })
            // After a rush the memory goes back.
            spare.removeAll(keepingCapacity: spare.capacity <= Self.keptBytesMax)
            tellDropped(&target)
            if stopped, end() { return }
            if stopped { wakeUp.signal() } else { gather() }
        }
    }

    /// Takes what is there, and lets those in that wait. True when this has been stopped.
    private func swapQueue(_ spare: inout [UInt8]) -> Bool {
        let (isAwaited, stopped) = queue.withLock { queue in
            swap(&queue.bytes, &spare)
            let result = (queue.isAwaited, queue.stopped)
            queue.isAwaited = false
            return result
        }
        if isAwaited { room.signal() }
        return stopped
    }

    /// True when nothing is left, or no time for it; then nothing more is taken.
    private func end() -> Bool {
        let isOver = isOver
        let (ended, left) = queue.withLock { queue in
            queue.ended = queue.bytes.isEmpty || isOver
            return (queue.ended, queue.ended ? queue.bytes : [])
        }
        guard ended else { return false }
        count(left.reduce(0) { $1 == ASCII.lineFeed ? $0 + 1 : $0 })
        room.signal()
        return true
    }

    private var isOver: Bool { Clock.monotonic() >= queue.withLock { $0.deadline } }

    private func count(_ lost: Int) {
        guard lost > 0 else { return }
        dropped.wrappingAdd(lost, ordering: .relaxed)
        queue.withLock { $0.untold += lost }
    }

    /// Logs how many lines were dropped; again next time, if that cannot be written either.
    private func tellDropped(_ target: inout LogTarget) {
        let untold = queue.withLock { $0.untold }
        guard untold > 0, level >= .warn else { return }
        var lines = LogLines(format: format)
        lines.begin(.warn, "log_lines_dropped", wallNanoseconds: Clock.wallNanoseconds())
        lines.field("count", untold)
        lines.end()
        guard target.write(lines.bytes.copied(), isOver: { self.isOver }) == 0 else { return }
        queue.withLock { $0.untold -= untold }
    }

    private func gather() { waitFor(hurry, milliseconds: Self.gatherMilliseconds) }

    private func waitFor(_ event: WakeUp, milliseconds: Int32) {
        var polled = pollfd(fd: event.descriptor.raw, events: Int16(POLLIN), revents: 0)
        // Interrupted or late, the queue is looked at.
        while unsafe Kernel.poll(&polled, 1, milliseconds) < 1, milliseconds < 0 {}
    }
}
