/// A stream connection for a thread that may wait. Closed when the value goes.
package struct BlockingSocket: ~Copyable, Sendable {
    /// For what goes over the same connection otherwise, as TLS does.
    package let descriptor: FileDescriptor

    /// Takes over a non-blocking stream socket.
    package init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    /// Returns when the connection stands.
    package static func connect(to address: SocketAddress, _ patience: Patience) throws(WaitError) -> BlockingSocket {
        let descriptor = try start(address)
        try patience.awaitWritable(descriptor)
        if let error = Socket.connectError(descriptor) { throw .failed(error) }
        return BlockingSocket(descriptor)
    }

    /// Returns when a connection has come to `listener`.
    package static func accept(
        from listener: borrowing FileDescriptor, _ patience: Patience
    ) throws(WaitError) -> BlockingSocket {
        while true {
            if let accepted = try takeWaiting(from: listener) { return BlockingSocket(accepted.descriptor) }
            try patience.awaitReadable(listener)
        }
    }

    /// Sends, and consumes, all that is readable in `buffer`.
    package func sendAll(from buffer: ByteBuffer, _ patience: Patience) throws(WaitError) {
        while !buffer.isEmpty {
            let result: IOResult
            do throws(Errno) { result = try Socket.send(descriptor, from: buffer) } catch { throw .failed(error) }
            if result == .wouldBlock { try patience.awaitWritable(descriptor) }
        }
    }

    /// Reads what there is, as far as `buffer` has room for it. False when the peer has ended its side.
    package func receive(into buffer: ByteBuffer, _ patience: Patience) throws(WaitError) -> Bool {
        precondition(buffer.room > 0)
        while true {
            let result: IOResult
            do throws(Errno) { result = try Socket.receive(descriptor, into: buffer) } catch { throw .failed(error) }
            switch result {
            case .bytes: return true
            case .endOfStream: return false
            case .wouldBlock: try patience.awaitReadable(descriptor)
            }
        }
    }

    /// Makes the coming close a reset.
    package func resetOnClose() { Socket.resetOnClose(descriptor) }

    private static func takeWaiting(from listener: borrowing FileDescriptor) throws(WaitError) -> AcceptedSocket? {
        do throws(Errno) { return try Socket.accept(from: listener) } catch { throw .failed(error) }
    }

    private static func start(_ address: SocketAddress) throws(WaitError) -> FileDescriptor {
        do throws(Errno) { return try Socket.connect(to: address) } catch { throw .failed(error) }
    }
}
