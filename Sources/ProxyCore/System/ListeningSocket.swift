import CLinux
import Glibc

/// A listening socket that is open before the thread that accepts from it runs, so that others can be told its address.
package final class ListeningSocket: Sendable {
    package let descriptor: FileDescriptor
    /// Where it listens, with the port that the system chose.
    package let address: SocketAddress
    /// Whoever started this process holds the same socket, with one queue for all. Connections that are left in it are
    /// not lost, and it is not ours to close.
    package let isInherited: Bool

    /// Connections that may wait to be accepted.
    package static let backlog = 1024

    /// - Parameter shared: other sockets of this user may listen on the same port; see `Socket.listen`.
    package init(on address: SocketAddress, shared: Bool) throws(Errno) {
        descriptor = try Socket.listen(on: address, sharedPort: shared, backlog: Int32(Self.backlog))
        self.address = try Socket.localAddress(descriptor) ?? address
        isInherited = false
    }

    /// One that this process was started with: made non-blocking, and closed in programs that are started from here.
    /// Throws ENOTSOCK, ESOCKTNOSUPPORT or EAFNOSUPPORT for what is no listening TCP socket over IP.
    init(inherited: consuming FileDescriptor) throws(Errno) {
        guard try Socket.isListening(inherited) else { throw Errno(code: ESOCKTNOSUPPORT, call: "getsockopt") }
        guard let address = try Socket.localAddress(inherited), address.ipAddress != nil else {
            throw Errno(code: EAFNOSUPPORT, call: "getsockname")
        }
        try inherited.setNonBlocking()
        descriptor = inherited
        self.address = address
        isInherited = true
    }

    private init(_ descriptor: consuming FileDescriptor, of other: ListeningSocket) {
        self.descriptor = descriptor
        address = other.address
        isInherited = other.isInherited
    }

    /// The same socket under another descriptor, for another loop.
    package func duplicate() throws(Errno) -> ListeningSocket {
        ListeningSocket(try descriptor.duplicate(), of: self)
    }

    /// Has callers refused from now on, and those reset that still wait in the queue; but not where others hold the
    /// same socket.
    package func stopListening() {
        if !isInherited { Socket.stopListening(descriptor) }
    }
}
