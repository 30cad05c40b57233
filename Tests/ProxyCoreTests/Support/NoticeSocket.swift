import Foundation
import Glibc
import ProxyCore

/// The socket on which somebody like systemd hears how a process is.
final class NoticeSocket {
    /// What `NOTIFY_SOCKET` says.
    let name: String
    private let descriptor: Int32

    /// - Parameter name: a path; or, with an `@` before it, an abstract name.
    init(_ name: String) {
        self.name = name
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(name.utf8)
        let length = 2 + bytes.count + (bytes[0] == UInt8(ascii: "@") ? 0 : 1)
        if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
        // Sound: the names of tests are shorter than the place for them; every sockaddr_* begins as sockaddr does.
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let number = descriptor
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(number, $0, socklen_t(length))
            }
        }
        precondition(status == 0, "cannot bind \(name)")
        var time = timeval(tv_sec: 20, tv_usec: 0)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// The next notice; nil when none comes.
    func next() -> String? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = unsafe recv(descriptor, &bytes, bytes.count, 0)
        return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// True when none waits.
    var isQuiet: Bool {
        var byte: UInt8 = 0
        return unsafe recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) < 0
    }
}
