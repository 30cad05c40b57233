import Glibc
import ProxyCore
import XCTest

/// A connection that moves very many bytes in constant memory, and notes how much of that the process has meanwhile.
final class BulkStream {
    private struct Ended: Error {}

    private let descriptor: FileDescriptor
    private var isClosed = false
    private let never: WakeUp
    /// Resident bytes of the process, read every now and then by the side that is slow.
    let peak: Recorder<Int>
    private var piece = [UInt8](repeating: 0x62, count: 1 << 16)

    init(_ address: SocketAddress) throws {
        descriptor = try Socket.connect(to: address)
        never = try WakeUp()
        peak = Recorder()
    }

    init(_ descriptor: consuming FileDescriptor, peak: Recorder<Int>) throws {
        self.descriptor = descriptor
        never = try WakeUp()
        self.peak = peak
    }

    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        try send(count: bytes.count) { offset, _ in
            let rest = Array(bytes[offset...])
            return unsafe Glibc.send(descriptor.raw, rest, rest.count, Int32(MSG_NOSIGNAL))
        }
    }

    /// Slowly: in small pieces, with a look at the memory after every few.
    func send(bytes count: Int, slowly: Bool) throws {
        let each = slowly ? 1 << 12 : piece.count
        try send(count: count) { offset, looks in
            if slowly, looks % 1024 == 0 { peak.record(try ResidentMemory.bytes()) }
            return unsafe Glibc.send(descriptor.raw, piece, min(each, count - offset), Int32(MSG_NOSIGNAL))
        }
    }

    private func send(count: Int, _ send: (_ offset: Int, _ pieces: Int) throws -> Int) throws {
        var offset = 0
        var pieces = 0
        while offset < count {
            let sent = try send(offset, pieces)
            pieces += 1
            if sent > 0 { offset += sent } else { try awaitEvents(Int16(POLLOUT)) }
        }
    }

    func discard(bytes count: Int, slowly: Bool) throws {
        let each = slowly ? 1 << 12 : piece.count
        var left = count
        var pieces = 0
        while left > 0 {
            if slowly, pieces % 1024 == 0 { peak.record(try ResidentMemory.bytes()) }
            pieces += 1
            let received = unsafe recv(descriptor.raw, &piece, min(each, left), 0)
            if received == 0 { throw Ended() }
            if received > 0 { left -= received } else { try awaitEvents(Int16(POLLIN)) }
        }
    }

    /// Reads and drops everything up to and including `mark`.
    func skip(through mark: String) throws {
        let mark = Array(mark.utf8)
        var last: [UInt8] = []
        var byte: UInt8 = 0
        while last != mark {
            let received = unsafe recv(descriptor.raw, &byte, 1, 0)
            if received == 0 { throw Ended() }
            if received < 0 {
                try awaitEvents(Int16(POLLIN))
                continue
            }
            last.append(byte)
            if last.count > mark.count { last.removeFirst() }
        }
    }

    func close() {
        _ = shutdown(descriptor.raw, Int32(SHUT_RDWR))
    }

    private func awaitEvents(_ events: Int16) throws {
        guard errno == EAGAIN || errno == EINTR else { throw Ended() }
        var polled = pollfd(fd: descriptor.raw, events: events, revents: 0)
        guard unsafe poll(&polled, 1, 20_000) != 0 else { throw Ended() }
    }
}

/// An upstream whose every connection moves bytes in bulk.
final class BulkUpstream: Sendable {
    let url: String
    private let end: WakeUp
    private let peak = Recorder<Int>()
    private let thread: ProxyCore.Thread

    init(_ script: @escaping @Sendable (BulkStream) throws -> Void) throws {
        let listener = try ListeningSocket(on: ScriptedUpstream.loopback, shared: false)
        url = "http://\(listener.address)"
        let end = try WakeUp()
        self.end = end
        let peak = peak
        thread = try Thread.start(name: "bulk") {
            let patience = Patience(until: .never, cancel: end)
            while (try? patience.awaitReadable(listener.descriptor)) != nil {
                guard let accepted = try? Socket.accept(from: listener.descriptor) else { continue }
                // An error means that the proxy has gone.
                try? script(BulkStream(accepted.takeDescriptor(), peak: peak))
            }
        }
    }

    deinit {
        end.signal()
        thread.join()
    }

    var peaks: [Int] { peak.values }
}

/// The memory of this process that is in RAM.
enum ResidentMemory {
    private static let pageBytes = sysconf(Int32(_SC_PAGESIZE))

    static func bytes() throws -> Int {
        let text = try XCTUnwrap(FileReader.text("/proc/self/statm"))
        return try XCTUnwrap(text.split(separator: " ").dropFirst().first.flatMap { Int($0) }) * pageBytes
    }
}
