import CLinux
import Glibc

/// A connection just taken from a listener.
package struct AcceptedSocket: ~Copyable {
    package let descriptor: FileDescriptor
    package let peer: SocketAddress

    /// The descriptor, for an owner that does not care who the peer is.
    package consuming func takeDescriptor() -> FileDescriptor { descriptor }
}

/// Non-blocking stream sockets. Every call retries when a signal interrupts it, gives "not now" as a value, and stops
/// the program for the error codes that only a mistake of ours can cause.
package enum Socket {
    /// A listening socket. With `sharedPort`, several sockets of this user may listen on the same port and the
    /// kernel spreads the connections over them (SO_REUSEPORT); a Unix socket cannot be shared so.
    package static func listen(on address: SocketAddress, sharedPort: Bool, backlog: Int32 = 1024) throws(Errno)
        -> FileDescriptor
    {
        let descriptor = try open(family: address.family)
        switch address {
        case .ip:
            try setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR")
            if sharedPort { try setOption(descriptor, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT") }
            if address.family == AF_INET6 {
                try setOption(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0, "IPV6_V6ONLY")
            }
        case .unix(let path):
            _ = Kernel.unlink(path)
        }
        guard Kernel.bind(descriptor.raw, address) == 0 else { throw .current("bind") }
        guard Kernel.listen(descriptor.raw, backlog) == 0 else { throw .current("listen") }
        return descriptor
    }

    /// Throws when another socket listens on `address`, whether it would share that or not. Nobody can connect to the
    /// socket that finds out.
    package static func checkFree(_ address: SocketAddress) throws(Errno) {
        let descriptor = try open(family: address.family)
        try setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR")
        guard Kernel.bind(descriptor.raw, address) == 0 else { throw .current("bind") }
    }

    /// A connection that waits to be taken from `listener`, or nil when there is none.
    ///
    /// Connections that died in the queue are skipped. Throws for lack of descriptors or memory.
    package static func accept(from listener: borrowing FileDescriptor) throws(Errno) -> AcceptedSocket? {
        while true {
            var storage = sockaddr_storage()
            let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
            let raw = Kernel.accept(listener.raw, &storage, flags)
            if raw >= 0 {
                let descriptor = FileDescriptor(owning: raw)
                guard let peer = SocketAddress(system: storage) else { continue }
                if peer.ipAddress != nil { disableNagle(descriptor) }
                return AcceptedSocket(descriptor: descriptor, peer: peer)
            }
            switch errno {
            case EAGAIN: return nil
            // accept(2): errors of the connection itself are passed on here; the next one may be sound.
            case EINTR, ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP,
                ENETUNREACH, EPERM:
                continue
            default: throw .current("accept")
            }
        }
    }

    /// Starts to connect. The socket becomes writable when the connection is made or has failed: `connectError` tells.
    package static func connect(to address: SocketAddress) throws(Errno) -> FileDescriptor {
        let descriptor = try open(family: address.family)
        if address.ipAddress != nil { disableNagle(descriptor) }
        let status = Kernel.connect(descriptor.raw, address)
        // An interrupted connect goes on in the background, like one in progress.
        guard status == 0 || errno == EINPROGRESS || errno == EINTR else { throw .current("connect") }
        return descriptor
    }

    /// The outcome of a connection attempt, or the error that has since befallen the socket; nil when there is none.
    package static func connectError(_ socket: borrowing FileDescriptor) -> Errno? {
        let code = Kernel.pendingError(socket.raw)
        return code == 0 ? nil : Errno(code: code, call: "connect")
    }

    /// Reads into the free space of `buffer`, which has room.
    package static func receive(_ socket: borrowing FileDescriptor, into buffer: ByteBuffer) throws(Errno) -> IOResult {
        let raw = socket.raw
        var result = IOResult.wouldBlock
        try unsafe buffer.fill { (free) throws(Errno) -> Int in
            while true {
                let count = unsafe Kernel.receive(raw, free.baseAddress, free.count, 0)
                if count > 0 {
                    result = .bytes(count)
                    return count
                }
                if count == 0 {
                    result = .endOfStream
                    return 0
                }
                if errno == EAGAIN { return 0 }
                guard errno == EINTR else { throw peerError("recv") }
            }
        }
        return result
    }

    /// Writes what is readable in `buffer` and consumes what was written.
    package static func send(_ socket: borrowing FileDescriptor, from buffer: ByteBuffer) throws(Errno) -> IOResult {
        let bytes = buffer.readable
        while true {
            let raw = socket.raw
            // Sound: the span keeps the bytes alive for the call, which reads no more than their number.
            let count = unsafe bytes.withUnsafeBytes { bytes in
                unsafe Kernel.send(raw, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                buffer.consume(count)
                return .bytes(count)
            }
            if errno == EAGAIN { return .wouldBlock }
            guard errno == EINTR else { throw peerError("send") }
        }
    }

    /// True when nothing of the peer's waits to be read, neither bytes nor the end nor an error.
    package static func isQuiet(_ socket: borrowing FileDescriptor) -> Bool {
        var byte: UInt8 = 0
        let count = unsafe Kernel.receive(socket.raw, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
        return count < 0 && errno == EAGAIN
    }

    /// Tells the peer that nothing more will be sent. The peer may be gone already: that is no error here.
    package static func shutdownSending(_ socket: borrowing FileDescriptor) {
        _ = Kernel.shutDown(socket.raw, SHUT_WR)
    }

    /// Refuses connections from now on, and resets those that nobody has accepted, whoever else still holds the socket.
    package static func stopListening(_ socket: borrowing FileDescriptor) {
        _ = Kernel.shutDown(socket.raw, SHUT_RD)
    }

    /// Drops attempts to connect to a listening socket from now on. Whoever makes one hears nothing, tries again after
    /// a second, and comes to whoever listens on the port by then. Handshakes that have begun go on. False when the
    /// system does not do it.
    static func ignoreAttempts(_ socket: borrowing FileDescriptor) -> Bool {
        // Of the two bits SYN and ACK in the flags of the TCP header, where the bytes begin that a filter of a TCP
        // socket sees, an attempt has the first alone.
        var filter = [
            sock_filter(code: UInt16(BPF_LD | BPF_B | BPF_ABS), jt: 0, jf: 0, k: 13),
            sock_filter(code: UInt16(BPF_ALU | BPF_AND | BPF_K), jt: 0, jf: 0, k: 0x12),
            sock_filter(code: UInt16(BPF_JMP | BPF_JEQ | BPF_K), jt: 0, jf: 1, k: 0x02),
            sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: 0),
            sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: .max),
        ]
        // Sound: the kernel copies so many instructions in the call, and the array outlives it.
        return unsafe filter.withUnsafeMutableBufferPointer { filter in
            let program = unsafe sock_fprog(len: UInt16(filter.count), filter: filter.baseAddress)
            return unsafe Kernel.setOption(socket.raw, SOL_SOCKET, SO_ATTACH_FILTER, program) == 0
        }
    }

    /// Makes the coming close a reset (RFC 9293 section 3.6): the peer sees a broken transfer, never a clean end.
    package static func resetOnClose(_ socket: borrowing FileDescriptor) {
        _ = Kernel.setOption(socket.raw, SOL_SOCKET, SO_LINGER, linger(l_onoff: 1, l_linger: 0))
    }

    /// The address that the socket is bound to: how port 0 becomes a number.
    package static func localAddress(_ socket: borrowing FileDescriptor) throws(Errno) -> SocketAddress? {
        var storage = sockaddr_storage()
        guard Kernel.localAddress(socket.raw, &storage) == 0 else { throw .current("getsockname") }
        return SocketAddress(system: storage)
    }

    /// True for a stream socket that listens. Throws when it cannot be asked, as what is no socket.
    static func isListening(_ socket: borrowing FileDescriptor) throws(Errno) -> Bool {
        let isStream = try option(socket, SO_TYPE) == Int32(SOCK_STREAM.rawValue)
        return try option(socket, SO_ACCEPTCONN) == 1 && isStream
    }

    private static func option(_ socket: borrowing FileDescriptor, _ name: Int32) throws(Errno) -> Int32 {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(socket.raw, SOL_SOCKET, name, &value, &length) == 0 else {
            throw .current("getsockopt")
        }
        return value
    }

    private static func open(family: Int32) throws(Errno) -> FileDescriptor {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let raw = Kernel.socket(family, type)
        guard raw >= 0 else { throw .current("socket") }
        return FileDescriptor(owning: raw)
    }

    /// Heads and bodies are written in one piece here already, so waiting for more only costs time.
    private static func disableNagle(_ socket: borrowing FileDescriptor) {
        // A socket whose peer is gone already refuses the option; the next read or write reports that.
        try? setOption(socket, Int32(IPPROTO_TCP), TCP_NODELAY, 1, "TCP_NODELAY")
    }

    private static func setOption(
        _ socket: borrowing FileDescriptor, _ level: Int32, _ option: Int32, _ value: Int32, _ name: StaticString
    ) throws(Errno) {
        guard Kernel.setOption(socket.raw, level, option, value) == 0 else { throw .current(name) }
    }

    /// The error that `errno` names, when the peer or the network can have caused it.
    private static func peerError(_ call: StaticString) -> Errno {
        let error = Errno.current(call)
        precondition(
            error.code != EBADF && error.code != EFAULT && error.code != ENOTSOCK && error.code != EINVAL,
            "a descriptor or buffer of ours is wrong")
        return error
    }
}
