import CLinux
import Glibc

/// Tells whoever started the process how it is: the protocol of sd_notify(3), which systemd and others speak, without
/// its library. Where nobody wants to know (`NOTIFY_SOCKET` is not set), telling does nothing. Any thread.
package final class ServiceNotifier: Sendable {
    /// What can be told.
    package enum Notice: Sendable, Equatable {
        /// Started, or done with reloading.
        case ready(status: String)
        /// Reading the configuration anew; `ready` has to follow.
        case reloading(at: Instant)
        case stopping(status: String)
        /// What it does, in a line for people.
        case status(String)
        /// It is alive: to be told at least every `watchdog`.
        case alive
    }

    private let target: Target?
    /// Within what time the process has to show that it is alive, again and again; nil when nobody watches.
    package let watchdog: Interval?
    /// Why nobody is told, though somebody wants to be.
    package let problem: String?

    package static let variables = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]

    /// How long a notice may wait for somebody who does not read.
    private static let patience = 2

    /// - Parameters:
    ///   - environment: the value of a variable, or nil.
    ///   - process: the identifier of this process.
    package init(_ environment: (String) -> String? = { _ in nil }, process: Int32 = getpid()) {
        let path = environment("NOTIFY_SOCKET") ?? ""
        do throws(Errno) {
            target = path.isEmpty ? nil : try Target(path, patience: Self.patience)
            problem = nil
        } catch {
            target = nil
            problem = error.description
        }
        watchdog = target == nil ? nil : Self.watchdog(environment, process)
    }

    /// Tells; false when that could not be done.
    @discardableResult
    package func tell(_ notice: Notice) -> Bool {
        guard let target else { return true }
        return target.send(Array(notice.text.utf8))
    }

    /// sd_watchdog_enabled(3).
    private static func watchdog(_ environment: (String) -> String?, _ process: Int32) -> Interval? {
        guard let text = environment("WATCHDOG_USEC"), let time = UInt64(text), time > 0, time < 1 << 50 else {
            return nil
        }
        if let pid = environment("WATCHDOG_PID"), Int32(pid) != process { return nil }
        return Interval(nanoseconds: time * 1000)
    }
}

extension ServiceNotifier.Notice {
    /// As it goes out: assignments, one a line.
    package var text: String {
        switch self {
        case .ready(let status): "READY=1\nSTATUS=\(Self.line(status))"
        case .reloading(let now): "RELOADING=1\nMONOTONIC_USEC=\(now.nanoseconds / 1000)"
        case .stopping(let status): "STOPPING=1\nSTATUS=\(Self.line(status))"
        case .status(let status): "STATUS=\(Self.line(status))"
        case .alive: "WATCHDOG=1"
        }
    }

    /// A line break would begin another assignment.
    private static func line(_ text: String) -> String {
        String(decoding: text.utf8.map { $0 < 0x20 ? 0x20 : $0 }, as: UTF8.self)
    }
}

/// The socket that notices go to.
private final class Target: Sendable {
    private let descriptor: FileDescriptor
    private let address: sockaddr_un
    private let length: socklen_t

    /// - Parameters:
    ///   - path: of a Unix socket; with an `@` before it, a name of Linux's abstract ones.
    ///   - patience: seconds.
    init(_ path: String, patience: Int) throws(Errno) {
        var bytes = Array(path.utf8)
        let isAbstract = bytes.first == ASCII.at
        guard isAbstract || bytes.first == ASCII.slash, bytes.count > 1, bytes.count <= SocketAddress.unixPathBytesMax
        else { throw Errno(code: EAFNOSUPPORT, call: "NOTIFY_SOCKET") }
        if isAbstract { bytes[0] = 0 }
        var system = sockaddr_un()
        system.sun_family = sa_family_t(AF_UNIX)
        // Sound: the path fits, as just checked, and the structure was zeroed, which terminates it.
        unsafe withUnsafeMutableBytes(of: &system.sun_path) { unsafe $0.copyBytes(from: bytes) }
        address = system
        // The name of an abstract socket ends where the length says; a path at its zero, which counts.
        let head = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        length = socklen_t(head + bytes.count + (isAbstract ? 0 : 1))
        let raw = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw .current("socket") }
        descriptor = FileDescriptor(owning: raw)
        var time = timeval(tv_sec: patience, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        guard unsafe setsockopt(raw, SOL_SOCKET, SO_SNDTIMEO, &time, size) == 0 else { throw .current("SO_SNDTIMEO") }
    }

    func send(_ message: [UInt8]) -> Bool {
        var address = address
        let (raw, length) = (descriptor.raw, length)
        while true {
            // Sound: every sockaddr_* begins as sockaddr does; the lengths say how far the system may read.
            let count = unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { rebound in
                    unsafe sendto(raw, message, message.count, Int32(MSG_NOSIGNAL), rebound, length)
                }
            }
            if count >= 0 { return true }
            guard errno == EINTR else { return false }
        }
    }
}
