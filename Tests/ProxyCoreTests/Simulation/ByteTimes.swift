#if FAULT_INJECTION
    /// When the bytes of a stream passed a place, and when it ended there.
    struct ByteTimes {
        private var marks: [(upTo: Int, at: UInt64)] = []
        private(set) var endedAt: UInt64?

        mutating func note(upTo count: Int, at time: UInt64) {
            guard count > marks.last?.upTo ?? 0 else { return }
            marks.append((count, time))
        }

        mutating func noteEnd(at time: UInt64) { endedAt = endedAt ?? time }

        /// When so many bytes had passed; nil when they have not.
        func time(of count: Int) -> UInt64? {
            var (low, high) = (0, marks.count)
            while low < high {
                let middle = (low + high) / 2
                if marks[middle].upTo < count { low = middle + 1 } else { high = middle }
            }
            return low < marks.count ? marks[low].at : nil
        }

        /// How many had passed at a time.
        func count(at time: UInt64) -> Int { marks.last { $0.at <= time }?.upTo ?? 0 }

        /// When something last passed up to a time, the end included; 0 when nothing had.
        func last(upTo time: UInt64) -> UInt64 {
            let bytes = marks.last { $0.at <= time }?.at ?? 0
            guard let endedAt, endedAt <= time else { return bytes }
            return max(bytes, endedAt)
        }

        /// The passings between two numbers of bytes.
        func marks(after start: Int, upTo end: Int) -> [(upTo: Int, at: UInt64)] {
            marks.filter { $0.upTo > start && $0.upTo <= end }
        }
    }
#endif
