/// The response to one request of a `KeyFetch` or to a proxy: read from a connection, and bounded in every direction.
enum KeyResponse {
    private static let interimResponsesMax = 8
    private static let limits = HeadLimits()

    /// The head of the final response; what has come behind it is left in `buffer`.
    static func readHead(
        to method: Method, _ transport: borrowing KeyTransport, _ buffer: ByteBuffer, _ patience: Patience
    ) throws(KeyFetchFailure) -> KeyResponseHead {
        var parsed = ResponseHead()
        var progress = HeadProgress()
        var interimResponses = 0
        while true {
            let result = try parse(buffer, to: method, &parsed, &progress)
            guard case .complete(let count) = result else {
                guard try transport.receive(into: buffer, patience) else { throw .closedEarly }
                continue
            }
            let bytes = buffer.readable
            let head = KeyResponseHead(parsed, in: bytes)
            buffer.consume(count)
            if !parsed.isInterim { return head }
            interimResponses += 1
            guard interimResponses <= interimResponsesMax else { throw .status(head.status) }
        }
    }

    private static func parse(
        _ buffer: ByteBuffer, to method: Method, _ head: inout ResponseHead, _ progress: inout HeadProgress
    ) throws(KeyFetchFailure) -> ParseResult {
        let bytes = buffer.readable
        do throws(HeadError) {
            return try head.parse(bytes, limits: limits, requestMethod: method, progress: &progress)
        } catch {
            throw .badHead(error)
        }
    }

    /// The body that follows such a head, at most as large as a key set may be.
    static func readBody(
        _ framing: BodyFraming, _ transport: borrowing KeyTransport, _ buffer: ByteBuffer, _ patience: Patience
    ) throws(KeyFetchFailure) -> [UInt8] {
        if case .length(let count) = framing, count > UInt64(KeySet.bytesMax) { throw .tooLarge }
        var reader = BodyReader(framing, limits: limits)
        var document: [UInt8] = []
        while try take(from: buffer, &reader, into: &document) {
            guard document.count <= KeySet.bytesMax else { throw .tooLarge }
            if try transport.receive(into: buffer, patience) { continue }
            do throws(BodyError) { try reader.endOfStream() } catch { throw .closedEarly }
            return document
        }
        guard document.count <= KeySet.bytesMax else { throw .tooLarge }
        return document
    }

    /// Moves what is in `buffer` to `document`. False when the body has ended.
    private static func take(
        from buffer: ByteBuffer, _ reader: inout BodyReader, into document: inout [UInt8]
    ) throws(KeyFetchFailure) -> Bool {
        while true {
            let bytes = buffer.readable
            let step: BodyStep
            do throws(BodyError) { step = try reader.next(bytes) } catch { throw .badBody(error) }
            switch step {
            case .needMore(let consumed):
                buffer.consume(consumed)
                return true
            case .data(let range, let consumed):
                document.append(contentsOf: bytes.slice(range).copied())
                buffer.consume(consumed)
            case .end:
                return false
            }
        }
    }
}
