import ProxyCore
import Synchronization

/// A TCP server on a free port of 127.0.0.1 that answers each request as a closure says, to the byte.
///
///     let server = try ScriptedServer { request in [.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")] }
///     ... http://127.0.0.1:\(server.port)/ ...
///     XCTAssertEqual(server.requests.count, 1)
///
/// One thread for each connection. After the steps for one request the connection waits for the next one, unless they
/// end with `.close`, `.reset` or `.hang`. All that it waits for ends with `stop()`, at the latest when it goes.
final class ScriptedServer: Sendable {
    enum Step: Sendable {
        case send(String)
        case sendBytes([UInt8])
        /// One byte after the other, with a pause before each.
        case drip(String, every: Interval)
        /// Nothing for so long.
        case pause(Interval)
        /// Nothing more until the server stops; the connection stays open.
        case hang
        case close
        case reset
    }

    struct Request: Sendable {
        /// Counts from 0 over all connections.
        let number: Int
        /// Request line and fields, with their line ends and without the empty line.
        let head: String
        /// As long as the request's `Content-Length` says.
        let body: [UInt8]

        var target: String { String(head.split(separator: " ", maxSplits: 2)[1]) }

        /// The value of a field, its name in any case.
        func field(_ name: String) -> String? {
            for line in head.split(separator: "\r\n").dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2, parts[0].lowercased() == name.lowercased() else { continue }
                return String(parts[1].drop { $0 == " " })
            }
            return nil
        }
    }

    typealias Script = @Sendable (Request) -> [Step]

    let port: UInt16
    private let record = Record()
    private let core: Mutex<Core?>

    /// With `port` 0 on any free port; with another one in the place of a server that has been stopped.
    init(port: UInt16 = 0, _ script: @escaping Script) throws {
        let core = try Core(port: port, record: record, script)
        self.core = Mutex(core)
        self.port = core.port
        let thread = try Thread.start(name: "scripted") { core.acceptAll() }
        record.add(thread)
    }

    deinit { stop() }

    /// Requests so far, oldest first.
    var requests: [Request] { record.state.withLock { $0.requests } }
    /// Connections accepted so far.
    var connections: Int { record.state.withLock { $0.connections } }

    /// Ends every connection, waits for the threads and closes the port: later callers are refused.
    func stop() {
        guard let core = core.withLock({ $0.take() }) else { return }
        core.end.signal()
        record.joinThreads()
    }
}

/// What happened at a server. Outlives its threads.
private final class Record: Sendable {
    struct State {
        var requests: [ScriptedServer.Request] = []
        var connections = 0
        var threads: [ProxyCore.Thread] = []
    }

    let state = Mutex(State())

    func add(_ thread: ProxyCore.Thread) { state.withLock { $0.threads.append(thread) } }

    func add(head: String, body: [UInt8]) -> ScriptedServer.Request {
        state.withLock { state in
            let request = ScriptedServer.Request(number: state.requests.count, head: head, body: body)
            state.requests.append(request)
            return request
        }
    }

    func joinThreads() {
        while let thread = state.withLock({ $0.threads.popLast() }) { thread.join() }
    }
}

/// What the threads of a server share. Its listener closes when the last of them has ended.
private final class Core: Sendable {
    let port: UInt16
    let end: WakeUp
    private let listener: FileDescriptor
    private let record: Record
    private let script: ScriptedServer.Script

    init(port: UInt16, record: Record, _ script: @escaping ScriptedServer.Script) throws {
        listener = try Socket.listen(on: .ip(IPAddress(v4: 0x7F00_0001), port: port), sharedPort: false)
        self.port = try Socket.localAddress(listener)?.port ?? 0
        end = try WakeUp()
        self.record = record
        self.script = script
    }

    private var untilTheEnd: Patience { Patience(until: .never, cancel: end) }

    func acceptAll() {
        while let socket = try? BlockingSocket.accept(from: listener, untilTheEnd) {
            let connection = Connection(socket)
            record.state.withLock { $0.connections += 1 }
            // Only this thread adds threads, and it is joined with them.
            guard let thread = try? Thread.start(name: "scripted", { self.serve(connection) }) else { continue }
            record.add(thread)
        }
    }

    private func serve(_ connection: Connection) {
        let buffer = ByteBuffer(capacity: 1 << 20)
        do throws(WaitError) {
            while let request = try nextRequest(connection, buffer) {
                for step in script(request) {
                    guard try perform(step, connection) else { return }
                }
            }
        } catch {
            // The server was stopped, or the caller has gone: nothing is left to do.
        }
    }

    /// Nil when the caller has closed the connection.
    private func nextRequest(
        _ connection: Connection, _ buffer: ByteBuffer
    ) throws(WaitError) -> ScriptedServer.Request? {
        while true {
            let bytes = buffer.readable.copied()
            if let end = endOfHead(in: bytes) {
                let head = String(decoding: bytes[..<(end - 2)], as: UTF8.self)
                let unfinished = ScriptedServer.Request(number: 0, head: head, body: [])
                let length = unfinished.field("Content-Length").flatMap { Int($0) } ?? 0
                if bytes.count >= end + length {
                    buffer.consume(end + length)
                    return record.add(head: head, body: Array(bytes[end..<(end + length)]))
                }
            }
            guard try connection.socket.receive(into: buffer, untilTheEnd) else { return nil }
        }
    }

    private func endOfHead(in bytes: [UInt8]) -> Int? {
        let mark = Array("\r\n\r\n".utf8)
        guard bytes.count >= mark.count else { return nil }
        return (mark.count...bytes.count).first { bytes[($0 - mark.count)..<$0].elementsEqual(mark) }
    }

    /// False when the connection is to be closed.
    private func perform(_ step: ScriptedServer.Step, _ connection: Connection) throws(WaitError) -> Bool {
        switch step {
        case .send(let text): try send(Array(text.utf8), connection)
        case .sendBytes(let bytes): try send(bytes, connection)
        case .drip(let text, let pause):
            for byte in text.utf8 {
                try untilTheEnd.atMost(pause).awaitDeadline()
                try send([byte], connection)
            }
        case .pause(let interval): try untilTheEnd.atMost(interval).awaitDeadline()
        case .hang: try untilTheEnd.awaitDeadline()
        case .close: return false
        case .reset:
            connection.socket.resetOnClose()
            return false
        }
        return true
    }

    private func send(_ bytes: [UInt8], _ connection: Connection) throws(WaitError) {
        guard !bytes.isEmpty else { return }
        let buffer = ByteBuffer(capacity: bytes.count)
        buffer.append(bytes.span)
        try connection.socket.sendAll(from: buffer, untilTheEnd)
    }
}

/// Lets a socket travel to its thread.
private final class Connection: Sendable {
    let socket: BlockingSocket

    init(_ socket: consuming BlockingSocket) { self.socket = socket }
}
