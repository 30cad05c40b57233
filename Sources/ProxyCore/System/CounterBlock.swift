import CLinux
import Glibc

/// A block of 64-bit counters, zero at first, that one thread writes and any thread reads while it does. Neither waits
/// for the other, and what is read is at most an instant old.
///
/// It lies on pages of its own, so that the blocks of two threads share no cache line; pages on which nothing is
/// counted take no memory.
@safe
package final class CounterBlock: Sendable {
    package let count: Int
    /// Of the first counter. A number and not a pointer, since the block goes between threads; the accesses are atomic.
    private let address: UInt
    private let bytes: Int

    package init(count: Int) throws(Errno) {
        precondition(count > 0)
        self.count = count
        bytes = count * MemoryLayout<UInt64>.stride
        let pages = unsafe Kernel.map(bytes)
        let address = UInt(bitPattern: pages)
        // MAP_FAILED.
        guard address != UInt.max else { throw .current("mmap") }
        self.address = address
    }

    deinit {
        // Sound: the mapping that `init` made, which nobody can reach any more.
        unsafe munmap(UnsafeMutableRawPointer(bitPattern: address), bytes)
    }

    /// Adds to a counter. For the one thread that writes the block.
    package func add(_ amount: UInt64, to index: Int) { unsafe clinux_counter_add(counter(index), amount) }

    /// Replaces what a counter holds. For the one thread that writes the block.
    package func set(_ index: Int, to value: UInt64) { unsafe clinux_counter_store(counter(index), value) }

    /// What a counter holds. Any thread.
    package subscript(index: Int) -> UInt64 { unsafe clinux_counter_load(counter(index)) }

    private func counter(_ index: Int) -> UnsafeMutablePointer<UInt64>? {
        precondition(index >= 0 && index < count)
        // Sound: inside the mapping, which begins at a page, hence aligned, and lives as long as self; every access to
        // it is atomic.
        return unsafe UnsafeMutablePointer(bitPattern: address + UInt(index * MemoryLayout<UInt64>.stride))
    }
}
