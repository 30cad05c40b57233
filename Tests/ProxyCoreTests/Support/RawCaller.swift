import Glibc
import ProxyCore

/// A caller that sends exactly the bytes that it is told, and reads what comes. Every wait is bounded: what does not
/// come fails the test instead of holding it up.
final class RawCaller {
    enum Failure: Error {
        case cannotConnect(Int32)
        case cannotSend(Int32)
        /// Nothing came, or not enough, before the connection ended or the time was up.
        case noResponse(received: String)
        case stillOpen
    }

    struct Response {
        let status: Int
        /// Status line and fields.
        let head: String
        let body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }

        /// The value of the first field of that name, in any case.
        func field(_ name: String) -> String? {
            for line in head.split(separator: "\r\n").dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                if parts.count == 2, parts[0].lowercased() == name.lowercased() {
                    return String(parts[1].drop { $0 == " " })
                }
            }
            return nil
        }
    }

    private let socket: Int32
    private var received: [UInt8] = []
    private static let patienceSeconds = 20

    init(port: UInt16, receiveBufferBytes: Int32? = nil) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var bytes = receiveBufferBytes {
            unsafe setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
        }
        var timeout = timeval(tv_sec: Self.patienceSeconds, tv_usec: 0)
        unsafe setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        unsafe setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var one: Int32 = 1
        unsafe setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { rebound in
                unsafe connect(socket, rebound, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Failure.cannotConnect(errno) }
    }

    deinit { close(socket) }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var offset = 0
        while offset < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { bytes in
                unsafe Glibc.send(
                    socket, bytes.baseAddress?.advanced(by: offset), bytes.count - offset, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure.cannotSend(errno) }
            offset += count
        }
    }

    func shutdownSending() { shutdown(socket, Int32(SHUT_WR)) }

    /// The next response, whose end `Content-Length` tells; `hasBody` is false for what answers HEAD.
    func response(hasBody: Bool = true) throws -> Response {
        let mark = Array("\r\n\r\n".utf8)
        var end = nextIndex(of: mark)
        while end == nil {
            try receive()
            end = nextIndex(of: mark)
        }
        let headBytes = end ?? 0
        let head = String(decoding: received[..<headBytes], as: UTF8.self)
        let status = head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        let length = Response(status: status, head: head, body: []).field("Content-Length").flatMap { Int($0) } ?? 0
        let bodyBytes = hasBody && status >= 200 ? length : 0
        while received.count < headBytes + mark.count + bodyBytes { try receive() }
        let body = Array(received[(headBytes + mark.count)..<(headBytes + mark.count + bodyBytes)])
        received.removeFirst(headBytes + mark.count + bodyBytes)
        return Response(status: status, head: head, body: body)
    }

    /// Everything up to the end of the connection, which a reset is too.
    func untilEnd() throws -> [UInt8] {
        while try receiveUnlessEnded() {}
        return received
    }

    /// Waits for the connection to break, without reading anything.
    func awaitBreak() throws {
        var polled = pollfd(fd: socket, events: 0, revents: 0)
        guard unsafe poll(&polled, 1, Int32(Self.patienceSeconds * 1000)) > 0 else { throw Failure.stillOpen }
    }

    private func receive() throws {
        guard try receiveUnlessEnded() else { throw noResponse }
    }

    private func receiveUnlessEnded() throws -> Bool {
        var block = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe recv(socket, &block, block.count, 0)
        if count < 0, errno == EAGAIN { throw noResponse }
        guard count > 0 else { return false }
        received += block[..<count]
        return true
    }

    private var noResponse: Failure { .noResponse(received: String(decoding: received, as: UTF8.self)) }

    private func nextIndex(of mark: [UInt8]) -> Int? {
        guard received.count >= mark.count else { return nil }
        return (0...(received.count - mark.count)).first { received[$0..<($0 + mark.count)].elementsEqual(mark) }
    }
}
