/// The caller's end of a connection: the socket, what the loop said of it, and the bytes on their way in and out.
///
/// Owned by one connection, as an object of its own, so that what its calls change is checked here and nowhere above
/// (docs/ARCHITECTURE.md, "What a request costs"). Buffers are taken from the worker's pool when there are bytes and
/// given back when there are none.
final class CallerChannel {
    let socket: FileDescriptor
    /// TLS on that socket, its handshake done; nil where requests come in the clear.
    let tls: TLSSession?
    private let pool: BufferPool
    private(set) var readable = false
    private(set) var writable = false
    /// The caller has closed its sending side, or the connection is broken; bytes before that may still be unread.
    private(set) var closing = false
    /// The caller is gone: nothing more can be sent to it.
    private var broken = false
    /// All that the caller will ever send has been read.
    private(set) var ended = false
    private(set) var input: ByteBuffer?
    private(set) var output: ByteBuffer?

    init(socket: consuming FileDescriptor, tls: TLSSession? = nil, pool: BufferPool) {
        self.socket = socket
        self.tls = tls
        self.pool = pool
    }

    var hasInput: Bool { input != nil }
    var hasOutput: Bool { output != nil }

    /// Bytes of the caller's may be here or in the socket that nobody has looked at.
    var mayHaveUnread: Bool { !ended && (readable || hasInput) }

    /// True while there may be something to read, to look at or to send, or an end to be told of.
    var mayMove: Bool { readable || ended || input != nil || writable && output != nil }

    func note(_ readiness: Readiness) {
        if readiness.contains(.readable) { readable = true }
        if readiness.contains(.writable) { writable = true }
        if readiness.contains(.closing) { closing = true }
        if readiness.contains(.broken) { broken = true }
        if let tls { note(readiness, tls) }
    }

    /// Reads once. True when bytes or the end came.
    func receive() throws(CallerFailure) -> Bool {
        // No read tells that where its end has been read, or where there is no room for what is before.
        if broken, ended || input?.room == 0 { throw .gone }
        guard readable, !ended else { return false }
        let buffer = input ?? pool.take()
        defer { keepInput(buffer) }
        let room = buffer.room
        guard room > 0 else { return false }
        switch try receive(into: buffer) {
        case .bytes(let count):
            // A short read has emptied the socket, unless the end of the stream is behind it.
            if tls?.isDrained ?? (count < room), !closing { readable = false }
            return true
        case .wouldBlock:
            readable = false
            return false
        case .endOfStream:
            readable = false
            ended = true
            return true
        }
    }

    /// Moves what has come into a larger buffer, if buffers have to be larger by now.
    func growInput() {
        guard let buffer = input, buffer.capacity < pool.bufferBytes else { return }
        let larger = pool.take()
        larger.append(contentsOf: buffer)
        input = larger
    }

    func consume(_ count: Int) {
        guard let buffer = input else { return }
        buffer.consume(count)
        keepInput(buffer)
    }

    /// The buffer to write to the caller with. Call `flush` or `releaseEmpty` afterwards.
    func outputBuffer() -> ByteBuffer {
        if let output { return output }
        let buffer = pool.take()
        output = buffer
        return buffer
    }

    /// Puts `buffer`, full of bytes for the caller, in the place of the empty output and returns one to go on with.
    func exchangeOutput(for buffer: ByteBuffer) -> ByteBuffer {
        precondition(output?.isEmpty ?? true)
        let free = output ?? pool.take()
        output = buffer
        return free
    }

    /// Puts the empty `buffer` in the place of the input, whose bytes have been handed on whole.
    func replaceInput(by buffer: ByteBuffer) { keepInput(buffer) }

    /// Writes once. True when bytes left.
    func flush() throws(CallerFailure) -> Bool {
        guard writable, let buffer = output, !buffer.isEmpty else {
            releaseEmpty()
            return false
        }
        let result = try send(from: buffer)
        if !buffer.isEmpty { writable = false }
        releaseEmpty()
        return result != .wouldBlock
    }

    private func receive(into buffer: ByteBuffer) throws(CallerFailure) -> IOResult {
        if let tls {
            do throws(TLSFailure) { return try tls.receive(into: buffer) } catch { throw .tls(error) }
        }
        do throws(Errno) { return try Socket.receive(socket, into: buffer) } catch { throw .socket(error) }
    }

    private func send(from buffer: ByteBuffer) throws(CallerFailure) -> IOResult {
        if let tls {
            do throws(TLSFailure) { return try tls.send(from: buffer) } catch { throw .tls(error) }
        }
        do throws(Errno) { return try Socket.send(socket, from: buffer) } catch { throw .socket(error) }
    }

    /// Now and then TLS has to write in order to read, or the other way round.
    private func note(_ readiness: Readiness, _ tls: TLSSession) {
        if readiness.contains(.writable), tls.readNeedsWritable { readable = true }
        if readiness.contains(.readable), tls.writeNeedsReadable { writable = true }
    }

    /// Tells the caller that nothing more will come: under TLS with close_notify, which alone says so for sure. All
    /// output has been flushed.
    func endSending() {
        tls?.sendCloseNotify()
        Socket.shutdownSending(socket)
    }

    /// Says so as far as closing the socket does not.
    func announceClose() { tls?.sendCloseNotify() }

    /// Gives the output buffer back when nothing is in it.
    func releaseEmpty() {
        guard let buffer = output, buffer.isEmpty else { return }
        pool.giveBack(buffer)
        output = nil
    }

    /// Drops what came and was not read, and what goes on coming: for a connection that lingers.
    func discardInput() {
        guard let buffer = input else { return }
        buffer.removeAll()
        keepInput(buffer)
    }

    func releaseBuffers() {
        if let buffer = input { pool.giveBack(buffer) }
        if let buffer = output { pool.giveBack(buffer) }
        input = nil
        output = nil
    }

    private func keepInput(_ buffer: ByteBuffer) {
        if buffer.isEmpty {
            pool.giveBack(buffer)
            input = nil
        } else {
            input = buffer
        }
    }
}

/// Why nothing more can be read from a caller, or sent to it.
enum CallerFailure: Error {
    case socket(Errno)
    case tls(TLSFailure)
    /// The connection is broken, and why does not matter.
    case gone
}
