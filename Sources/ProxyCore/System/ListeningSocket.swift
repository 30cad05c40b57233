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
    /// Another process may listen on the same port when this one stops.
    private let hasHeirs: Bool

    /// Connections that may wait to be accepted.
    package static let backlog = 1024

    /// - Parameters:
    ///   - shared: other sockets of this user may listen on the same port; see `Socket.listen`.
    ///   - hasHeirs: and they may do so when this one stops.
    package init(on address: SocketAddress, shared: Bool, hasHeirs: Bool = false) throws(Errno) {
        descriptor = try Socket.listen(on: address, sharedPort: shared, backlog: Int32(Self.backlog))
        self.address = try Socket.localAddress(descriptor) ?? address
        isInherited = false
        self.hasHeirs = hasHeirs
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
        hasHeirs = false
    }

    private init(_ descriptor: consuming FileDescriptor, of other: ListeningSocket) {
        self.descriptor = descriptor
        address = other.address
        isInherited = other.isInherited
        hasHeirs = other.hasHeirs
    }

    /// The same socket under another descriptor, for another loop.
    package func duplicate() throws(Errno) -> ListeningSocket {
        ListeningSocket(try descriptor.duplicate(), of: self)
    }

    /// Leaves callers who come from now on to the heirs. True when it does: then those whose handshakes have begun have
    /// yet to be accepted, and nobody is refused as long as this socket listens. There is nothing to it when the kernel
    /// hands to the heirs whatever is left.
    package func leaveToHeirs() -> Bool {
        guard hasHeirs, FileReader.text("/proc/sys/net/ipv4/tcp_migrate_req") != "1\n" else { return false }
        return Socket.ignoreAttempts(descriptor)
    }

    /// Has callers refused from now on, and those reset that still wait in the queue; but not where others hold the
    /// same socket.
    package func stopListening() {
        if !isInherited { Socket.stopListening(descriptor) }
    }
}
