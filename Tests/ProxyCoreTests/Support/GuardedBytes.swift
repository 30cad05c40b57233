import Glibc
import ProxyCore

/// Memory with an inaccessible page right behind it: bytes placed in it end at that page, so that a read of even one
/// byte too many ends the test run.
@safe
final class GuardedBytes {
    private let mapping: UnsafeMutableRawPointer
    private let mappedBytes: Int
    /// How many bytes can be placed.
    let capacity: Int

    init(capacity: Int = 4096) {
        let page = 4096
        self.capacity = (capacity + page - 1) / page * page
        mappedBytes = self.capacity + page
        let memory = unsafe mmap(nil, mappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let memory = unsafe memory, unsafe memory != MAP_FAILED else { fatalError("mmap") }
        unsafe mapping = memory
        precondition(unsafe mprotect(memory + self.capacity, page, PROT_NONE) == 0)
    }

    deinit { unsafe munmap(mapping, mappedBytes) }

    /// Lends `body` the first `count` of `bytes`, with nothing readable behind them.
    func withPrefix<Result, Failure: Error>(
        _ count: Int, of bytes: [UInt8], _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(count <= capacity)
        // Sound: the last `count` bytes of the mapping's accessible part, which outlives the call.
        let start = unsafe mapping + (capacity - count)
        unsafe bytes.withUnsafeBytes { source in
            guard count > 0, let base = source.baseAddress else { return }
            unsafe memcpy(start, base, count)
        }
        return try unsafe body(Span(_unsafeStart: start.assumingMemoryBound(to: UInt8.self), count: count))
    }
}
