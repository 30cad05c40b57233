/// Buffers that no connection needs at the moment. Belongs to one worker.
///
/// A connection holds a buffer only while bytes lie in it, so idle connections cost none, and a busy worker reuses the
/// same few, which stay in the processor's caches.
package final class BufferPool {
    package let bufferBytes: Int
    private let keptMax: Int
    private var free: [ByteBuffer] = []

    /// - Parameter keptMax: how many free buffers are kept; those beyond are given back to the system.
    package init(bufferBytes: Int, keptMax: Int) {
        self.bufferBytes = bufferBytes
        self.keptMax = keptMax
        free.reserveCapacity(keptMax)
    }

    package func take() -> ByteBuffer { free.popLast() ?? ByteBuffer(capacity: bufferBytes) }

    package func giveBack(_ buffer: ByteBuffer) {
        buffer.removeAll()
        if free.count < keptMax { free.append(buffer) }
    }
}
