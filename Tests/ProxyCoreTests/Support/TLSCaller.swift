import Foundation
import ProxyCore
import XCTest

/// A caller of the proxy that speaks TLS. Every wait takes 20 seconds at most.
final class TLSCaller {
    let session: TLSSession
    let socket: FileDescriptor
    private let patience: Patience
    private var received: [UInt8] = []

    struct Late: Error {}

    /// Connects, and does the handshake.
    init(_ address: SocketAddress, _ context: TLSClientContext, shakesHands: Bool = true) throws {
        patience = Patience(until: Clock.monotonic().advanced(by: .seconds(20)), cancel: try WakeUp())
        socket = try Socket.connect(to: address)
        try patience.awaitWritable(socket)
        session = TLSSession(context, socket: socket)
        while shakesHands {
            switch try session.handshake() {
            case .done: return
            case .wantsRead: try patience.awaitReadable(socket)
            case .wantsWrite: try patience.awaitWritable(socket)
            }
        }
    }

    func send(_ text: String) throws {
        var rest = Array(text.utf8)[...]
        let buffer = ByteBuffer(capacity: 65_536)
        while !rest.isEmpty || !buffer.isEmpty {
            let piece = Array(rest.prefix(buffer.room))
            buffer.append(piece.span)
            rest = rest.dropFirst(piece.count)
            if try session.send(from: buffer) == .wouldBlock { try patience.awaitWritable(socket) }
        }
    }

    /// One response, whose body has a length.
    func response() throws -> (head: String, body: [UInt8]) {
        while true {
            // A head is no longer; the body that follows may be, and is not to be looked through for each piece.
            let text = String(decoding: received.prefix(65_536), as: UTF8.self)
            if let end = text.range(of: "\r\n\r\n") {
                let head = String(text[..<end.lowerBound])
                let start = head.utf8.count + 4
                let lines = head.lowercased().split(separator: "\r\n")
                let length = lines.first { $0.hasPrefix("content-length:") }.flatMap { Int($0.dropFirst(16)) } ?? 0
                if received.count >= start + length {
                    let body = Array(received[start..<start + length])
                    received.removeFirst(start + length)
                    return (head, body)
                }
            }
            guard try more() else { throw Late() }
        }
    }

    func get(_ path: String = "/", _ fields: String = "") throws -> (head: String, body: [UInt8]) {
        try send("GET \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
        return try response()
    }

    /// Waits until so many bytes are there that nobody has taken.
    func read(untilCount count: Int) throws {
        while received.count < count {
            guard try more() else { throw Late() }
        }
    }

    /// What still comes until the proxy says that nothing more does; throws when it does not say so.
    func toEnd() throws -> [UInt8] {
        while try more() {}
        return received
    }

    /// Ends the caller's side, as TLS wants it or not.
    func endSending(orderly: Bool = true) {
        if orderly { session.sendCloseNotify() }
        Socket.shutdownSending(socket)
    }

    func reset() {
        Socket.resetOnClose(socket)
    }

    private func more() throws -> Bool {
        let buffer = ByteBuffer(capacity: 65_536)
        while true {
            switch try session.receive(into: buffer) {
            case .bytes:
                received += (0..<buffer.count).map { buffer.readable[$0] }
                return true
            case .endOfStream: return false
            case .wouldBlock: try patience.awaitReadable(socket)
            }
        }
    }
}
