import Glibc
import ProxyCore

/// One end of a stream connection in a test's hands: sends exactly the bytes that it is told to, and loses none that
/// come. Every wait is bounded.
final class RawConnection {
    /// How the peer ended its side.
    enum End: Equatable, Sendable {
        case closed
        case reset
        /// Of TLS: without close_notify, or with a failure (`failure`).
        case broken
    }

    enum Failure: Error, Equatable {
        /// The peer ended in the middle of what was waited for.
        case truncated(End)
        case malformed(String)
    }

    private final class Holder {
        let descriptor: FileDescriptor

        init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
    }

    private var holder: Holder?
    private var tls: TLSSession?
    /// What TLS failed by.
    private(set) var failure: TLSFailure?
    private let cancel: WakeUp
    private let waitMax: Interval?
    private let observe: ([UInt8]) -> Void
    private let buffer = ByteBuffer(capacity: 65_536)
    /// What came and was not taken yet.
    private(set) var pending: [UInt8] = []
    /// Set once the peer has ended its side.
    private(set) var end: End?

    /// - Parameters:
    ///   - cancel: ends every wait when signalled.
    ///   - waitMax: the longest that a wait takes; nil for no bound but `cancel`.
    ///   - observe: sees all that comes, as it comes.
    init(
        _ descriptor: consuming FileDescriptor, cancel: WakeUp, waitMax: Interval?,
        observe: @escaping ([UInt8]) -> Void = { _ in }
    ) {
        holder = Holder(descriptor)
        self.cancel = cancel
        self.waitMax = waitMax
        self.observe = observe
    }

    private var patience: Patience { Patience(until: Clock.monotonic().advanced(by: waitMax), cancel: cancel) }

    // MARK: - Sending

    /// Throws when the peer does not take all of it in time, or has gone.
    func send(_ bytes: [UInt8]) throws(WaitError) {
        guard let holder, !bytes.isEmpty else { return }
        let outgoing = ByteBuffer(capacity: bytes.count)
        outgoing.append(bytes.span)
        while !outgoing.isEmpty {
            let result: IOResult
            do throws(Errno) {
                result = try sendOnce(holder, outgoing)
            } catch {
                throw .failed(error)
            }
            if result == .wouldBlock { try patience.awaitWritable(holder.descriptor) }
        }
    }

    func send(_ text: String) throws(WaitError) { try send(Array(text.utf8)) }

    /// Sends what the peer takes at once, and tells how much that was: how a test fills a connection up.
    func sendWhatFits(_ bytes: [UInt8]) throws(Errno) -> Int {
        guard let holder, !bytes.isEmpty else { return 0 }
        let outgoing = ByteBuffer(capacity: bytes.count)
        outgoing.append(bytes.span)
        while !outgoing.isEmpty {
            if try Socket.send(holder.descriptor, from: outgoing) == .wouldBlock { break }
        }
        return bytes.count - outgoing.count
    }

    /// Ends this side's sending; receiving goes on.
    func endSending() {
        if let holder { Socket.shutdownSending(holder.descriptor) }
    }

    /// Closes both directions, with the words that end TLS.
    func close() {
        tls?.sendCloseNotify()
        closeSilently()
    }

    /// Closes both directions without those words: what a cut on the way looks like.
    func closeSilently() {
        tls = nil
        holder = nil
    }

    /// Closes with a reset instead of an orderly end.
    func reset() {
        if let holder { Socket.resetOnClose(holder.descriptor) }
        closeSilently()
    }

    /// Does nothing until cancelled.
    func hang() throws(WaitError) { try Patience(until: .never, cancel: cancel).awaitDeadline() }

    /// Does nothing for so long.
    func pause(_ interval: Interval) throws(WaitError) {
        try Patience(until: .never, cancel: cancel).atMost(interval).awaitDeadline()
    }

    // MARK: - Receiving

    /// Waits for more bytes, which then are in `pending`. False when the peer has ended: see `end`.
    func receive() throws(WaitError) -> Bool {
        guard let holder, end == nil else { return false }
        while true {
            switch receiveOnce(holder) {
            case .bytes: return takeIn()
            case .endOfStream: return false
            case .wouldBlock: break
            }
            try patience.awaitReadable(holder.descriptor)
        }
    }

    /// True when nothing has come that was not taken, not even the end. Does not wait.
    var isSilent: Bool {
        guard let holder, pending.isEmpty, end == nil else { return false }
        switch receiveOnce(holder) {
        case .bytes: _ = takeIn()
        case .endOfStream: break
        case .wouldBlock: return true
        }
        return false
    }

    /// Reads once into `buffer`. When the peer has ended, `end` says how.
    private func receiveOnce(_ holder: Holder) -> IOResult {
        if let tls {
            do throws(TLSFailure) {
                let result = try tls.receive(into: buffer)
                if result == .endOfStream { end = .closed }
                return result
            } catch {
                failure = error
                end = .broken
                return .endOfStream
            }
        }
        do throws(Errno) {
            let result = try Socket.receive(holder.descriptor, into: buffer)
            if result == .endOfStream { end = .closed }
            return result
        } catch {
            end = .reset
            return .endOfStream
        }
    }

    private func sendOnce(_ holder: Holder, _ outgoing: ByteBuffer) throws(Errno) -> IOResult {
        guard let tls else { return try Socket.send(holder.descriptor, from: outgoing) }
        do throws(TLSFailure) { return try tls.send(from: outgoing) } catch {
            failure = error
            throw Errno(code: EPIPE, call: "SSL_write")
        }
    }

    // MARK: - TLS

    /// Goes on in TLS, as its server.
    func startTLS(_ context: TLSServerContext) throws {
        guard let holder else { return }
        try shakeHands(TLSSession(context, socket: holder.descriptor), holder)
    }

    /// Goes on in TLS, as its client.
    func startTLS(_ context: TLSClientContext) throws {
        guard let holder else { return }
        try shakeHands(TLSSession(context, socket: holder.descriptor), holder)
    }

    /// What has been agreed on.
    var session: TLSSession? { tls }

    private func shakeHands(_ session: TLSSession, _ holder: Holder) throws {
        while true {
            do throws(TLSFailure) {
                switch try session.handshake() {
                case .done:
                    tls = session
                    return
                case .wantsRead: break
                case .wantsWrite: break
                }
            } catch {
                failure = error
                throw error
            }
            // A handshake is a few kilobytes, which any socket takes at once.
            try patience.awaitReadable(holder.descriptor)
        }
    }

    private func takeIn() -> Bool {
        let buffer = buffer
        let bytes = buffer.readable.copied()
        buffer.consume(bytes.count)
        observe(bytes)
        pending += bytes
        return true
    }

    /// Takes the bytes up to and including `mark`; nil when the peer has ended before it sent anything.
    func read(through mark: String) throws -> [UInt8]? {
        let mark = Array(mark.utf8)
        var searched = 0
        while true {
            let first = max(mark.count, searched)
            for end in stride(from: first, through: pending.count, by: 1)
            where pending[(end - mark.count)..<end].elementsEqual(mark) {
                return take(end)
            }
            searched = pending.count
            if try !receive() {
                if pending.isEmpty { return nil }
                throw Failure.truncated(end ?? .closed)
            }
        }
    }

    /// Takes exactly `count` bytes.
    func read(_ count: Int) throws -> [UInt8] {
        while pending.count < count {
            if try !receive() { throw Failure.truncated(end ?? .closed) }
        }
        return take(count)
    }

    /// Takes `count` bytes and forgets them, so that there may be many.
    func discard(_ count: Int) throws {
        var left = count
        while left > 0 {
            if pending.isEmpty, try !receive() { throw Failure.truncated(end ?? .closed) }
            left -= take(min(left, pending.count)).count
        }
    }

    /// Takes all that comes until the peer ends.
    func readToEnd() throws(WaitError) -> (bytes: [UInt8], end: End) {
        while try receive() {}
        return (take(pending.count), end ?? .closed)
    }

    private func take(_ count: Int) -> [UInt8] {
        let taken = Array(pending[..<count])
        pending.removeFirst(count)
        return taken
    }

    /// Takes a chunked body (RFC 9112 section 7.1), read plainly and without the proxy's own decoder.
    func readChunked() throws -> RawBody {
        var body = RawBody()
        while true {
            let line = try read(through: "\r\n") ?? []
            body.bytes += line
            let digits = String(decoding: line.dropLast(2), as: UTF8.self)
            guard let size = Int(digits, radix: 16) else { throw Failure.malformed("chunk size \(digits)") }
            if size == 0 { break }
            let chunk = try read(size + 2)
            body.bytes += chunk
            guard chunk.suffix(2).elementsEqual("\r\n".utf8) else { throw Failure.malformed("end of a chunk") }
            body.data += chunk.dropLast(2)
            body.chunks.append(size)
        }
        while let line = try read(through: "\r\n") {
            body.bytes += line
            if line.count == 2 { return body }
            body.trailers += String(decoding: line, as: UTF8.self)
        }
        throw Failure.truncated(end ?? .closed)
    }
}

/// A message's body as it came.
struct RawBody: Sendable {
    /// Without framing.
    var data: [UInt8] = []
    /// The sizes of the chunks; empty for a body that was not chunked.
    var chunks: [Int] = []
    /// The trailer fields' lines.
    var trailers = ""
    /// With framing, to the byte.
    var bytes: [UInt8] = []
}
