import ProxyCore

/// A TCP server on a free port of 127.0.0.1 that answers each request as a closure says, to the byte.
///
///     let server = try ScriptedServer { request in [.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")] }
///     ... http://127.0.0.1:\(server.port)/ ...
///     XCTAssertEqual(server.requests.count, 1)
///
/// After the steps for one request a connection waits for the next one, unless they end with `.close`, `.reset` or
/// `.hang`. Where a conversation does not go by requests, use `ScriptedUpstream`.
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

    typealias Request = RawRequest
    typealias Script = @Sendable (Request) -> [Step]

    private let upstream: ScriptedUpstream

    /// With `port` 0 on any free port; with another one in the place of a server that has been stopped.
    init(port: UInt16 = 0, _ script: @escaping Script) throws {
        upstream = try ScriptedUpstream(on: .ip(IPAddress(v4: 0x7F00_0001), port: port)) { talk in
            while let request = try talk.nextRequest() {
                for step in script(request) {
                    guard try Self.perform(step, talk) else { return }
                }
            }
        }
    }

    var port: UInt16 { upstream.port }
    /// Requests so far, oldest first.
    var requests: [Request] { upstream.requests }
    /// Connections accepted so far.
    var connections: Int { upstream.connections }

    /// Ends every connection, waits for the threads and closes the port: later callers are refused.
    func stop() { upstream.stop() }

    /// False when the connection is to be closed.
    private static func perform(_ step: Step, _ talk: ScriptedConversation) throws -> Bool {
        switch step {
        case .send(let text): try talk.send(text)
        case .sendBytes(let bytes): try talk.send(bytes)
        case .drip(let text, let pause):
            for byte in text.utf8 {
                try talk.pause(pause)
                try talk.send([byte])
            }
        case .pause(let interval): try talk.pause(interval)
        case .hang: try talk.hang()
        case .close: return false
        case .reset:
            talk.reset()
            return false
        }
        return true
    }
}
