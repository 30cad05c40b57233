import CLinux
import Glibc

/// Where a socket listens or connects to: an address and port, or the path of a Unix socket.
package enum SocketAddress: Sendable, Hashable {
    case ip(IPAddress, port: UInt16)
    case unix(path: String)

    /// The longest path that the system's structure takes, without its terminator.
    package static let unixPathBytesMax = 107

    package var ipAddress: IPAddress? {
        switch self {
        case .ip(let address, _): address
        case .unix: nil
        }
    }

    package var port: UInt16? {
        switch self {
        case .ip(_, let port): port
        case .unix: nil
        }
    }

    /// True when this is the same address as `other`, but with port 0, which stands for any.
    package func hasAnyPort(_ other: SocketAddress) -> Bool {
        guard case .ip(let address, port: 0) = self else { return false }
        return other.ipAddress == address
    }

    var family: Int32 {
        switch self {
        case .ip(let address, _): address.isV4 ? AF_INET : AF_INET6
        case .unix: AF_UNIX
        }
    }

    /// Lends the address in the system's form to `body`.
    func withSystemAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        switch self {
        case .ip(let address, let port):
            if let bits = address.v4Bits {
                var system = sockaddr_in()
                system.sin_family = sa_family_t(AF_INET)
                system.sin_port = port.bigEndian
                system.sin_addr.s_addr = bits.bigEndian
                return unsafe lend(&system, body)
            }
            var system = sockaddr_in6()
            system.sin6_family = sa_family_t(AF_INET6)
            system.sin6_port = port.bigEndian
            let (high, low) = (address.bits.high.bigEndian, address.bits.low.bigEndian)
            // Sound: in6_addr is sixteen bytes, written in network order.
            unsafe withUnsafeMutableBytes(of: &system.sin6_addr) { bytes in
                unsafe bytes.storeBytes(of: high, as: UInt64.self)
                unsafe bytes.storeBytes(of: low, toByteOffset: 8, as: UInt64.self)
            }
            return unsafe lend(&system, body)
        case .unix(let path):
            var system = sockaddr_un()
            system.sun_family = sa_family_t(AF_UNIX)
            let bytes = Array(path.utf8)
            precondition(bytes.count <= Self.unixPathBytesMax, "the configuration checks the length of a socket path")
            // Sound: the path fits, as just checked, and the structure was zeroed, which terminates it.
            unsafe withUnsafeMutableBytes(of: &system.sun_path) { unsafe $0.copyBytes(from: bytes) }
            return unsafe lend(&system, body)
        }
    }

    private func lend<Address, Result>(
        _ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        // Sound: every sockaddr_* begins as sockaddr does; the length says how far the system may read.
        unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { rebound in
                unsafe body(rebound, socklen_t(MemoryLayout<Address>.size))
            }
        }
    }

    /// Reads an address that the system filled in; nil for a family that we do not use.
    init?(system storage: sockaddr_storage) {
        switch Int32(storage.ss_family) {
        case AF_INET:
            // Sound: the family says that the storage holds a sockaddr_in.
            let address = unsafe withUnsafeBytes(of: storage) { unsafe $0.loadUnaligned(as: sockaddr_in.self) }
            let ip = IPAddress(v4: UInt32(bigEndian: address.sin_addr.s_addr))
            self = .ip(ip, port: UInt16(bigEndian: address.sin_port))
        case AF_INET6:
            // Sound: as above, for sockaddr_in6, whose address is sixteen bytes at a fixed offset.
            let address = unsafe withUnsafeBytes(of: storage) { unsafe $0.loadUnaligned(as: sockaddr_in6.self) }
            let (high, low) = unsafe withUnsafeBytes(of: address.sin6_addr) { bytes in
                unsafe (bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            }
            let ip = IPAddress(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low))
            self = .ip(ip, port: UInt16(bigEndian: address.sin6_port))
        case AF_UNIX:
            self = .unix(path: "")
        default:
            return nil
        }
    }
}

extension SocketAddress: CustomStringConvertible {
    package var description: String {
        switch self {
        case .ip(let address, let port): address.isV4 ? "\(address):\(port)" : "[\(address)]:\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
