/// Buffers that no connection needs at the moment. Belongs to one worker.
///
/// A connection holds a buffer only while bytes lie in it, so idle connections cost none, and a busy worker reuses the
/// same few, which stay in the processor's caches.
package final class BufferPool {
    package var bufferBytes: Int { currentBytes }
    private var currentBytes: Int
    private let keptMax: Int
    /// The one given back last, which leads to those before it.
    private var free: ByteBuffer?
    private var freeCount = 0
    #if FAULT_INJECTION
        /// Taken and not given back.
        package private(set) var lentCount = 0
    #endif

    /// - Parameter keptMax: how many free buffers are kept; those beyond are given back to the system.
    package init(bufferBytes: Int, keptMax: Int) {
        currentBytes = bufferBytes
        self.keptMax = keptMax
    }

    deinit {
        // One after the other: a long chain that is let go at its head would be taken down by recursion.
        while let buffer = free { free = buffer.nextFree.take() }
    }

    /// Buffers have to be so large from now on. Those that are in use are replaced when they come back.
    package func grow(to bufferBytes: Int) {
        guard bufferBytes > currentBytes else { return }
        currentBytes = bufferBytes
        while let buffer = free { free = buffer.nextFree.take() }
        freeCount = 0
    }

    package func take() -> ByteBuffer {
        #if FAULT_INJECTION
            lentCount += 1
        #endif
        guard let buffer = free else { return ByteBuffer(capacity: currentBytes) }
        free = buffer.nextFree.take()
        freeCount -= 1
        return buffer
    }

    package func giveBack(_ buffer: ByteBuffer) {
        buffer.removeAll()
        #if FAULT_INJECTION
            lentCount -= 1
        #endif
        guard freeCount < keptMax, buffer.capacity >= currentBytes else { return }
        buffer.nextFree = free
        free = buffer
        freeCount += 1
    }
}
