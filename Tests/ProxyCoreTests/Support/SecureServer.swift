import ProxyCore
import Synchronization

/// A server that speaks TLS on a free port of this machine: takes one connection after the other, reads the head of one
/// request from each, answers it and closes.
final class SecureServer: Sendable {
    struct Answer: Sendable {
        let text: String
        /// Says that nothing more comes before it closes.
        var saysGoodbye = true

        static func json(_ text: String, _ fields: String = "") -> Answer {
            Answer(text: "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\(fields)\r\n\(text)")
        }

        static func redirect(_ target: String) -> Answer {
            Answer(text: "HTTP/1.1 302 There\r\nLocation: \(target)\r\nContent-Length: 0\r\n\r\n")
        }
    }

    let port: UInt16
    /// The heads of requests so far.
    let requests = Recorder<String>()
    private let listener: FileDescriptor
    private let context: TLSServerContext
    private let answer: @Sendable (String) -> Answer
    private let end: WakeUp
    private let thread = Mutex<Thread?>(nil)

    /// - Parameter answer: is told the request's target.
    init(
        _ identity: TLSIdentity, on address: IPAddress = IPAddress(v4: 0x7F00_0001), port: UInt16 = 0,
        _ answer: @escaping @Sendable (String) -> Answer
    ) throws {
        listener = try Socket.listen(on: .ip(address, port: port), sharedPort: false)
        self.port = try Socket.localAddress(listener)?.port ?? 0
        context = try TLSServerContext(identities: [identity], tickets: TicketKeyRing())
        self.answer = answer
        end = try WakeUp()
        let started = try Thread.start(name: "secure") { self.run() }
        thread.withLock { $0 = started }
    }

    /// Ends what is under way and refuses later callers. To be called in the end, or the thread stays.
    func stop() {
        end.signal()
        thread.withLock({ $0.take() })?.join()
        Socket.stopListening(listener)
    }

    private func run() {
        let patience = Patience(until: .never, cancel: end)
        while true {
            let socket: BlockingSocket
            do { socket = try BlockingSocket.accept(from: listener, patience) } catch { return }
            // Callers may refuse our certificate, or go: that is what tests are about.
            try? serve(socket, patience)
        }
    }

    private func serve(_ socket: borrowing BlockingSocket, _ patience: Patience) throws {
        let session = TLSSession(context, socket: socket.descriptor)
        while true {
            let step = try session.handshake()
            if step == .done { break }
            if step == .wantsRead { try patience.awaitReadable(socket.descriptor) }
            if step == .wantsWrite { try patience.awaitWritable(socket.descriptor) }
        }
        let buffer = ByteBuffer(capacity: 65_536)
        while !String(decoding: buffer.readable.copied(), as: UTF8.self).contains("\r\n\r\n") {
            switch try session.receive(into: buffer) {
            case .bytes: continue
            case .endOfStream: return
            case .wouldBlock: try patience.awaitReadable(socket.descriptor)
            }
        }
        let head = String(decoding: buffer.readable.copied(), as: UTF8.self)
        requests.record(head)
        let answer = answer(head.split(separator: " ").dropFirst().first.map(String.init) ?? "")
        let outgoing = ByteBuffer(capacity: max(1, answer.text.utf8.count))
        let bytes = Array(answer.text.utf8)
        outgoing.append(bytes.span)
        while !outgoing.isEmpty {
            if try session.send(from: outgoing) == .wouldBlock { try patience.awaitWritable(socket.descriptor) }
        }
        if answer.saysGoodbye { session.sendCloseNotify() }
    }
}
