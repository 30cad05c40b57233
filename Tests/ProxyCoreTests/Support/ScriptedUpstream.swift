import ProxyCore
import Synchronization
import XCTest

/// A server whose every byte a test decides: a closure holds each connection's conversation, on a thread of its own.
///
///     let upstream = try ScriptedUpstream { talk in
///         while let request = try talk.nextRequest() { try talk.send("HTTP/1.1 204 No Content\r\n\r\n") }
///     }
///
/// It keeps what came, to the byte. All that it waits for ends with `stop()`, at the latest when it goes.
final class ScriptedUpstream: Sendable {
    /// A connection ends, in good order, when the closure returns or throws.
    typealias Script = @Sendable (ScriptedConversation) throws -> Void

    static let loopback = SocketAddress.ip(IPAddress(v4: 0x7F00_0001), port: 0)

    let address: SocketAddress
    private let isSecure: Bool
    private let record: ScriptedRecord
    private let core: Mutex<Core?>

    /// Without a script it answers every request with 200 and the body `ok`.
    ///
    /// - Parameter tls: for a server that speaks TLS; handshakes that fail end their connection, see `failures`.
    init(
        on address: SocketAddress = loopback, tls: TLSServerContext? = nil,
        _ script: @escaping Script = { try $0.answerEach() }
    ) throws {
        record = ScriptedRecord()
        isSecure = tls != nil
        let core = try Core(address, tls, record: record, script)
        self.core = Mutex(core)
        self.address = core.address
        record.add(try Thread.start(name: "scripted") { core.acceptAll() })
    }

    deinit { stop() }

    var port: UInt16 { address.port ?? 0 }

    /// What `upstream` says in a configuration.
    var url: String {
        switch address {
        case .ip: "\(isSecure ? "https" : "http")://\(address)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// Requests so far that were read whole, oldest first.
    var requests: [RawRequest] { record.requests.values }
    /// Connections accepted so far.
    var connections: Int { record.state.withLock { $0.received.count } }
    /// What came on each connection, whether it was read as a request or not.
    var received: [[UInt8]] { record.state.withLock { $0.received } }

    /// The request of that number, once it has come whole.
    func request(_ number: Int, line: UInt = #line) throws -> RawRequest {
        try record.requests.await("request \(number)", line: line) { $0.number == number }
    }

    /// Sessions of TLS so far, in the order in which their handshakes were done: whether each resumed an earlier one.
    var handshakes: [Bool] { record.state.withLock { $0.handshakes } }
    /// The failure of the next handshake that fails, once it has.
    func handshakeFailure(line: UInt = #line) throws -> TLSFailure {
        try record.failures.await("failure of a handshake", line: line) { _ in true }
    }

    /// How connection `number` was ended by the other side, once `ScriptedConversation.awaitEnd` has seen that.
    func end(_ number: Int = 0, line: UInt = #line) throws -> RawConnection.End {
        try record.ends.await("end of connection \(number)", line: line) { $0.connection == number }.end
    }

    /// Waits until every connection so far is over, so that nothing is on its way any more. The proxy has been stopped.
    func awaitQuiet(line: UInt = #line) throws {
        // Connections are accepted in their order: once this one is known, so are those before it.
        let last = RawConnection(try Socket.connect(to: address), cancel: try WakeUp(), waitMax: .seconds(20))
        last.endSending()
        _ = try? last.readToEnd()
        for number in 0..<connections { try record.over.await("end of \(number)", line: line) { $0 == number } }
    }

    /// Ends every connection, waits for the threads and closes the port: later callers are refused.
    func stop() {
        guard let core = core.withLock({ $0.take() }) else { return }
        core.end.signal()
        record.joinThreads()
    }
}

/// What happened at a scripted server. Outlives its threads.
final class ScriptedRecord: Sendable {
    struct State {
        var received: [[UInt8]] = []
        var requestCount = 0
        var handshakes: [Bool] = []
        var threads: [ProxyCore.Thread] = []
    }

    let state = Mutex(State())
    let requests = Recorder<RawRequest>()
    let ends = Recorder<(connection: Int, end: RawConnection.End)>()
    let over = Recorder<Int>()
    let failures = Recorder<TLSFailure>()

    func add(_ thread: ProxyCore.Thread) { state.withLock { $0.threads.append(thread) } }

    func addConnection() -> Int {
        state.withLock { state in
            state.received.append([])
            return state.received.count - 1
        }
    }

    /// Gives the request its number.
    func add(_ request: RawRequest) -> RawRequest {
        var request = request
        request.number = state.withLock { state in
            state.requestCount += 1
            return state.requestCount - 1
        }
        requests.record(request)
        return request
    }

    func joinThreads() {
        while let thread = state.withLock({ $0.threads.popLast() }) { thread.join() }
    }
}

/// What the threads of a server share. Its listener closes when the last of them has ended.
private final class Core: Sendable {
    let address: SocketAddress
    let end: WakeUp
    private let listener: FileDescriptor
    private let record: ScriptedRecord
    private let script: ScriptedUpstream.Script
    private let tls: TLSServerContext?

    init(
        _ address: SocketAddress, _ tls: TLSServerContext?, record: ScriptedRecord,
        _ script: @escaping ScriptedUpstream.Script
    ) throws {
        self.tls = tls
        listener = try Socket.listen(on: address, sharedPort: false)
        let bound = try Socket.localAddress(listener)
        self.address = address.port == nil ? address : bound ?? address
        end = try WakeUp()
        self.record = record
        self.script = script
    }

    func acceptAll() {
        let patience = Patience(until: .never, cancel: end)
        while true {
            do {
                guard let accepted = try Socket.accept(from: listener) else {
                    try patience.awaitReadable(listener)
                    continue
                }
                let arrival = Arrival(accepted, number: record.addConnection())
                // Only this thread adds threads, and it is joined with them.
                record.add(try Thread.start(name: "scripted") { self.serve(arrival) })
            } catch {
                return
            }
        }
    }

    private func serve(_ arrival: Arrival) {
        let number = arrival.number
        defer { record.over.record(number) }
        guard let socket = arrival.take() else { return }
        let record = record
        let connection = RawConnection(socket, cancel: end, waitMax: nil) { bytes in
            record.state.withLock { $0.received[number] += bytes }
        }
        if let tls, !startTLS(connection, tls) { return }
        // An error means that the server was stopped, or that the proxy has gone: nothing is left to do.
        try? script(ScriptedConversation(connection, number: number, record: record))
        connection.close()
    }

    private func startTLS(_ connection: RawConnection, _ tls: TLSServerContext) -> Bool {
        do {
            try connection.startTLS(tls)
        } catch {
            if let failure = connection.failure { record.failures.record(failure) }
            return false
        }
        let isResumed = connection.session?.isResumed ?? false
        record.state.withLock { $0.handshakes.append(isResumed) }
        return true
    }
}

/// Carries a socket to its thread.
private final class Arrival: Sendable {
    let number: Int
    private let socket: Mutex<FileDescriptor?>

    init(_ accepted: consuming AcceptedSocket, number: Int) {
        self.number = number
        socket = Mutex(accepted.takeDescriptor())
    }

    func take() -> FileDescriptor? { socket.withLock { $0.take() } }
}
