/// Deadlines of connections: a binary heap of wake-ups. Belongs to one worker.
///
/// Deadlines move with every request, and nearly always to later, so an entry is not moved along: when it comes up, its
/// owner looks at its real deadline and asks again. A request on a keep-alive connection then costs no heap operation.
package struct TimerQueue {
    private struct Entry {
        var deadline: Instant
        var registration: Registration
    }

    private var heap: [Entry] = []

    package init() {}

    package var count: Int { heap.count }

    /// When the next wake-up is due; `.never` when none is.
    package var next: Instant { heap.first?.deadline ?? .never }

    package mutating func schedule(_ registration: Registration, at deadline: Instant) {
        precondition(deadline != .never)
        heap.append(Entry(deadline: deadline, registration: registration))
        siftUp(heap.count - 1)
    }

    /// Takes out one wake-up that is due, with the time that it was asked for, or nil.
    package mutating func popDue(_ now: Instant) -> (registration: Registration, deadline: Instant)? {
        guard let first = heap.first, first.deadline <= now else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        siftDown(0)
        return (first.registration, first.deadline)
    }

    /// Drops the wake-ups for which `isUseless` answers true.
    package mutating func removeAll(where isUseless: (Registration, Instant) -> Bool) {
        heap.removeAll { isUseless($0.registration, $0.deadline) }
        for parent in (0..<(heap.count / 2)).reversed() { siftDown(parent) }
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].deadline < heap[parent].deadline else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            let (left, right) = (2 * parent + 1, 2 * parent + 2)
            if left < heap.count, heap[left].deadline < heap[least].deadline { least = left }
            if right < heap.count, heap[right].deadline < heap[least].deadline { least = right }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
