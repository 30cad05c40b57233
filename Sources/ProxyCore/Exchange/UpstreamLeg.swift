/// The application's end of one exchange: the connection while there is one, and the bytes in both directions.
///
/// Owned by one `ClientConnection`, as an object of its own like `CallerChannel`, and empty between requests.
final class UpstreamLeg {
    private let pool: BufferPool
    private(set) var connection: UpstreamConnection?
    /// The request on its way out: written before there is a connection to send it on.
    private(set) var output: ByteBuffer?
    /// The response as it comes.
    private(set) var input: ByteBuffer?
    var responseProgress = HeadProgress()
    /// The upstream will send nothing more; what came before is in `input`.
    private(set) var ended = false
    /// The error that broke the connection for reading.
    private(set) var readError: UpstreamStreamError?
    /// Sending has failed. A response that says why may still be on its way, so reading goes on.
    private var sendError: UpstreamStreamError?
    /// The request, kept so that it can be sent once more; empty when it cannot, or is too long. A copy, since every
    /// request under way would otherwise hold a whole buffer, for nearly nothing.
    private let repetition = ByteBuffer(capacity: 4096)
    /// A request that is too long for `repetition` stays in `output`: so many bytes, before any was sent.
    private var repeatableBytes: Int?

    init(pool: BufferPool) { self.pool = pool }

    var sendFailed: Bool { sendError != nil }

    /// Nothing of the response has come, but for interim ones that have gone on.
    var isUntouched: Bool { input == nil }

    /// True between requests: nothing is held.
    var isAtRest: Bool { connection == nil && output == nil && input == nil }

    /// True while there may be something to read, to look at or to send, or an end to be told of.
    var mayMove: Bool {
        guard let connection else { return input != nil }
        return connection.readable || input != nil || ended || readError != nil || connection.writable && hasUnsent
    }

    /// The buffer for the request, made when there is none.
    func outputBuffer() -> ByteBuffer {
        if let output { return output }
        let buffer = pool.take()
        output = buffer
        return buffer
    }

    /// True while bytes of the request wait to be sent.
    var hasUnsent: Bool { !(output?.isEmpty ?? true) && !sendFailed }

    /// The request in `output` is complete, and shall stay until its response begins.
    func keepForRepetition() {
        guard let output else { return }
        if output.count <= repetition.capacity {
            repetition.append(contentsOf: output)
        } else {
            repeatableBytes = output.count
        }
    }

    /// True when the whole request is still at hand.
    var holdsRequest: Bool { !repetition.isEmpty || repeatableBytes != nil }

    /// Nothing of the request has been sent on the connection that it has, or was lost with one before.
    private(set) var hasSent = false

    /// Puts `bytes` in the place of those at `range` of the request that is kept, to be sent once more; false, and
    /// nothing has changed, when there is no room for them.
    func rewrite(_ range: Range<Int>, with bytes: Span<UInt8>) -> Bool {
        if let repeatableBytes, let output { output.restoreConsumed(upTo: repeatableBytes) }
        let source = repetition.isEmpty ? output : repetition
        guard let source else { return false }
        let request = source.readable
        let written = pool.take()
        guard written.room >= request.count - range.count + bytes.count else {
            pool.giveBack(written)
            return false
        }
        written.append(request.extracting(first: range.lowerBound))
        written.append(bytes)
        written.append(request.extracting(droppingFirst: range.upperBound))
        if let output { pool.giveBack(output) }
        output = written
        repetition.removeAll()
        repeatableBytes = nil
        keepForRepetition()
        return true
    }

    func attach(_ connection: UpstreamConnection) {
        self.connection = connection
        if !repetition.isEmpty {
            let output = outputBuffer()
            // Not at the first attempt: then all of it is still there.
            if output.count < repetition.count {
                output.removeAll()
                output.append(contentsOf: repetition)
            }
        } else if let repeatableBytes, let output {
            output.restoreConsumed(upTo: repeatableBytes)
        }
    }

    /// Puts `buffer`, full of bytes for the upstream, in the place of the empty output and returns one to go on with.
    func exchangeOutput(for buffer: ByteBuffer) -> ByteBuffer {
        precondition(output?.isEmpty ?? true)
        let free = output ?? pool.take()
        output = buffer
        return free
    }

    /// Tells the upstream that nothing more will come. All output has been sent.
    func endSending() { connection?.endSending() }

    /// Lets the upstream see a broken connection, not an orderly end, when it is given up.
    func breakConnection() { connection?.resetOnClose() }

    /// Sends once. True when bytes left.
    func send() -> Bool {
        guard let connection, connection.writable, !sendFailed, let buffer = output else { return false }
        guard !buffer.isEmpty else {
            releaseOutput()
            return false
        }
        do throws(UpstreamStreamError) {
            let result = try connection.send(from: buffer)
            hasSent = true
            if buffer.isEmpty { releaseOutput() }
            return result != .wouldBlock
        } catch {
            sendError = error
            // An upstream that has half a request, since the system lacked memory, would be waited for in vain.
            if !error.isEndOfSending { readError = error }
            return true
        }
    }

    /// Reads once. True when bytes, the end or an error came.
    func receive() -> Bool {
        guard let connection, connection.readable, !ended, readError == nil else { return false }
        let buffer = input ?? pool.take()
        defer { keepInput(buffer) }
        guard buffer.room > 0 else { return false }
        do throws(UpstreamStreamError) {
            switch try connection.receive(into: buffer) {
            case .bytes: return true
            case .wouldBlock: return false
            case .endOfStream:
                // The error of a reset is reported once, and the send that met with it has used it up.
                if let sendError, sendError.isReset { readError = sendError } else { ended = true }
                return true
            }
        } catch {
            readError = error
            return true
        }
    }

    func consumeInput(_ count: Int) {
        guard let buffer = input else { return }
        buffer.consume(count)
        keepInput(buffer)
    }

    /// Puts the empty `buffer` in the place of the input, whose bytes have been handed on whole.
    func replaceInput(by buffer: ByteBuffer) { keepInput(buffer) }

    /// The response has begun: the request will not be sent again.
    func forgetRepetition() {
        repetition.removeAll()
        repeatableBytes = nil
        if output?.isEmpty ?? false { releaseOutput() }
    }

    /// Gives the connection up, but keeps the request for another attempt.
    func dropConnection() {
        connection?.release(reusable: false)
        connection = nil
        resetInput()
        sendError = nil
    }

    /// Gives everything back; the connection to the pool when it can carry another request.
    func finish(reusable: Bool) {
        let connection = self.connection
        self.connection = nil
        let isClean = input == nil && output?.isEmpty ?? true && !ended && readError == nil && !sendFailed
        repetition.removeAll()
        repeatableBytes = nil
        if let output { pool.giveBack(output) }
        output = nil
        resetInput()
        sendError = nil
        hasSent = false
        connection?.release(reusable: reusable && isClean)
    }

    private func releaseOutput() {
        guard repeatableBytes == nil, let buffer = output else { return }
        pool.giveBack(buffer)
        output = nil
    }

    /// The head in `input` is to be looked at again.
    func forgetProgress() { responseProgress = HeadProgress() }

    private func resetInput() {
        if let input { pool.giveBack(input) }
        input = nil
        ended = false
        readError = nil
        responseProgress = HeadProgress()
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
