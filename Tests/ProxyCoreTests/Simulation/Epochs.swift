#if FAULT_INJECTION
    /// What a worker may go by, and since when: what was posted to it counts from then on, and what it had before until
    /// it takes its messages.
    struct Epochs<Value> {
        private var epochs: [(value: Value, from: UInt64, until: UInt64)]

        init(_ first: Value) { epochs = [(first, 0, .max)] }

        var latest: Value { epochs[epochs.count - 1].value }

        mutating func posted(_ value: Value, at time: UInt64) { epochs.append((value, time, .max)) }

        /// Of all that were posted, the last one counts from here on.
        mutating func taken(at time: UInt64) {
            for index in epochs.indices.dropLast() where epochs[index].until == .max { epochs[index].until = time }
        }

        func values(_ times: ClosedRange<UInt64>) -> [Value] {
            epochs.filter { $0.from <= times.upperBound && $0.until >= times.lowerBound }.map(\.value)
        }
    }
#endif
