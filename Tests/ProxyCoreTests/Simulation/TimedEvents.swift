#if FAULT_INJECTION
    /// What will happen at which virtual time: a binary heap, in the order of time and then of scheduling.
    struct TimedEvents {
        struct Event {
            let time: UInt64
            let number: UInt64
            /// Happens only while the proxy waits, never in the middle of a turn of its loop.
            let onlyWhileWaiting: Bool
            let action: () -> Void
        }

        private var heap: [Event] = []
        private var nextNumber: UInt64 = 0

        var next: Event? { heap.first }
        var isEmpty: Bool { heap.isEmpty }

        mutating func add(at time: UInt64, onlyWhileWaiting: Bool, _ action: @escaping () -> Void) {
            heap.append(Event(time: time, number: nextNumber, onlyWhileWaiting: onlyWhileWaiting, action: action))
            nextNumber += 1
            var child = heap.count - 1
            while child > 0 {
                let parent = (child - 1) / 2
                guard comesBefore(child, parent) else { return }
                heap.swapAt(child, parent)
                child = parent
            }
        }

        mutating func removeFirst() -> Event {
            heap.swapAt(0, heap.count - 1)
            let first = heap.removeLast()
            var parent = 0
            while true {
                var least = parent
                let left = 2 * parent + 1
                if left < heap.count, comesBefore(left, least) { least = left }
                if left + 1 < heap.count, comesBefore(left + 1, least) { least = left + 1 }
                guard least != parent else { return first }
                heap.swapAt(parent, least)
                parent = least
            }
        }

        mutating func removeAll() { heap.removeAll() }

        private func comesBefore(_ left: Int, _ right: Int) -> Bool {
            if heap[left].time != heap[right].time { return heap[left].time < heap[right].time }
            return heap[left].number < heap[right].number
        }
    }
#endif
