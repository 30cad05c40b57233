import ProxyCore
import Synchronization

/// A proxy for CONNECT that leads every tunnel to one port of this machine, whatever host it was asked for. Takes one
/// connection after the other.
final class TunnelProxy: Sendable {
    let port: UInt16
    /// The heads of requests so far.
    let requests = Recorder<String>()
    private let target: SocketAddress
    private let listener: FileDescriptor
    private let end: WakeUp
    private let thread = Mutex<Thread?>(nil)

    /// Both ends of a tunnel.
    private final class Tunnel: Sendable {
        let near: BlockingSocket
        let far: BlockingSocket

        init(_ near: consuming BlockingSocket, _ far: consuming BlockingSocket) {
            self.near = near
            self.far = far
        }
    }

    init(to port: UInt16) throws {
        target = .ip(IPAddress(v4: 0x7F00_0001), port: port)
        listener = try Socket.listen(on: ScriptedUpstream.loopback, sharedPort: false)
        self.port = try Socket.localAddress(listener)?.port ?? 0
        end = try WakeUp()
        let started = try Thread.start(name: "tunnels") { self.run() }
        thread.withLock { $0 = started }
    }

    func stop() {
        end.signal()
        thread.withLock({ $0.take() })?.join()
        Socket.stopListening(listener)
    }

    private func run() {
        let patience = Patience(until: .never, cancel: end)
        while true {
            let near: BlockingSocket
            do { near = try BlockingSocket.accept(from: listener, patience) } catch { return }
            try? serve(near, patience)
        }
    }

    private func serve(_ near: consuming BlockingSocket, _ patience: Patience) throws {
        let buffer = ByteBuffer(capacity: 65_536)
        while !String(decoding: buffer.readable.copied(), as: UTF8.self).contains("\r\n\r\n") {
            guard try near.receive(into: buffer, patience) else { return }
        }
        requests.record(String(decoding: buffer.readable.copied(), as: UTF8.self))
        buffer.removeAll()
        buffer.append("HTTP/1.1 200 Connection established\r\nProxy-Agent: test\r\n\r\n".utf8.span)
        try near.sendAll(from: buffer, patience)
        let tunnel = Tunnel(near, try BlockingSocket.connect(to: target, patience))
        let back = try Thread.start(name: "tunnel") { try? Self.carry(from: tunnel.far, to: tunnel.near, patience) }
        try? Self.carry(from: tunnel.near, to: tunnel.far, patience)
        back.join()
    }

    private static func carry(
        from source: borrowing BlockingSocket, to target: borrowing BlockingSocket, _ patience: Patience
    ) throws {
        defer { Socket.shutdownSending(target.descriptor) }
        let buffer = ByteBuffer(capacity: 65_536)
        while try source.receive(into: buffer, patience) { try target.sendAll(from: buffer, patience) }
    }
}
