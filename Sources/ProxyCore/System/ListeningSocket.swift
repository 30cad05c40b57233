/// A listening socket that is open before the thread that accepts from it runs, so that others can be told its address.
package final class ListeningSocket: Sendable {
    package let descriptor: FileDescriptor
    /// Where it listens, with the port that the system chose.
    package let address: SocketAddress

    /// - Parameter shared: other sockets of this process may listen on the same port; see `Socket.listen`.
    package init(on address: SocketAddress, shared: Bool) throws(Errno) {
        descriptor = try Socket.listen(on: address, sharedPort: shared)
        self.address = try Socket.localAddress(descriptor) ?? address
    }
}
